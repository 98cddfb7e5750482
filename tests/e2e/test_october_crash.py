"""10 October 2025 again, with 2,000 leveraged accounts in it (real data).

BTC falls to 101,500 within the bar of 21:20, ETH to 3,400; funding is what was recorded, marks are
medians. Who is in it is drawn from a seed: both sides, isolated and cross, a tenth on spot margin,
a few with a reserve. The book is thin, so the insurance fund must take over; and it has next to
nothing, so winners are deleveraged.
"""

from collections import Counter
from pathlib import Path

import pytest

from simulator.core.codec import decode_entry
from simulator.core.model import events as e
from simulator.core.model.accounts import (
    FUNDING,
    INSURANCE_FUND,
    clearing_account,
    is_wallet,
)
from simulator.core.model.enums import MarkMethod, TransferKind, WalletKind
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.units import RATE_ONE
from simulator.core.rules import margin
from simulator.database.engine import open_engine
from simulator.database.writer import DatabaseJournal
from simulator.runtime.recovery import verify
from simulator.scenarios.replay import ReplayOptions
from tests.databases import Databases
from tests.e2e.replays import WORLD, Replayed, cut, data_file, replayed_in, utc

pytestmark = pytest.mark.data

BTC, ETH = 1, 2
FOLDER = "binance-perp-5m-2025-10-10"
BEGIN, END = utc("2025-10-10 00:00"), utc("2025-10-11 06:00")
POPULATION = 2_000
CRASH = utc("2025-10-10 21:10"), utc("2025-10-10 21:25")


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory, kept: Databases) -> Replayed:
    folder = tmp_path_factory.mktemp("bars")
    files: list[Path] = [
        cut(data_file(f"{FOLDER}/{base}USDT-um-5m-2025-09_10.csv.gz"), folder, BEGIN, END)
        for base in ("BTC", "ETH")
    ]
    funding = tuple(
        f"{base}USDT-PERP={data_file(f'{FOLDER}/{base}USDT-um-funding-2025-09_10.csv.gz')}"
        for base in ("BTC", "ETH")
    )
    options = ReplayOptions(
        funding=funding,
        mark_method=MarkMethod.MEDIAN,
        population=POPULATION,
        seed=20251010,
        spot_share=RATE_ONE // 10,
        fund=1_000,
        depth=20_000,
    )
    return replayed_in(kept, files, [], options)


def test_the_cascade_runs(replayed: Replayed) -> None:
    """LIQ-3, LIQ-6, CALL-1: calls, cures, partial liquidations, takeovers, in their hundreds."""
    cascade = replayed.outcome.cascade
    assert cascade.accounts == len(replayed.terms) + POPULATION == 4 + POPULATION
    assert cascade.calls > 500
    assert cascade.calls_cured > 50
    assert cascade.liquidations[WalletKind.ISOLATED] > 300
    assert cascade.liquidations[WalletKind.CROSS] > 200
    assert cascade.partial > 20
    assert cascade.closed_on_book > 200
    assert cascade.takeovers > 100
    assert cascade.adl_fills == len(replayed.happened(e.PositionDeleveraged)) > 50
    busiest = cascade.busiest_minute()
    assert busiest is not None
    assert CRASH[0] <= busiest[0] < CRASH[1]
    assert busiest[1] > 50


def test_liq_5_those_who_borrowed_are_liquidated_too(replayed: Replayed) -> None:
    """BOR-1, BOR-3: both sides borrow; what is left of the debts at the end is still covered."""
    cascade, state = replayed.outcome.cascade, replayed.outcome.state
    assert cascade.debt_liquidations > 100
    usdt, btc, ether = (cascade.borrowed[each] for each in (VALUATION_ASSET, 2, 3))
    assert min(usdt, btc, ether) > 0
    assert cascade.interest_paid[VALUATION_ASSET] > 0
    owing = [wallet_id for wallet_id in state.debtors if wallet_id != INSURANCE_FUND]
    assert owing
    for wallet_id in owing:
        risk = margin.assess(state, wallet_id)
        assert risk.equity > risk.maintenance_margin


def test_fnd_2_the_sum_of_paid_and_received_funding_is_zero(replayed: Replayed) -> None:
    """Two instruments at three stamps, at the recorded rates; the rounding is the fund's."""
    cascade = replayed.outcome.cascade
    settled = replayed.happened(e.FundingSettled)
    assert cascade.funding_stamps == len(settled) == 6
    assert all(event.average_premium is None for _, event in settled)
    assert cascade.funding_paid > 0
    rest = cascade.funding_paid - cascade.funding_received - cascade.funding_remainder
    assert rest == 0
    assert 0 <= cascade.funding_remainder < 2 * POPULATION * len(settled)
    moved: Counter[int] = Counter()
    for _, transfer in replayed.happened(e.Transferred):
        if transfer.kind != TransferKind.FUNDING:
            continue
        moved[transfer.source] -= transfer.amount
        moved[transfer.target] += transfer.amount
    assert moved[FUNDING] == 0
    assert sum(moved.values()) == 0


def test_liq_8_nobody_ends_below_zero(replayed: Replayed) -> None:
    state = replayed.outcome.state
    for wallet_id, wallet in state.wallets.items():
        assert wallet.liquidation is None
        for holding in wallet.holdings.values():
            assert holding.balance >= 0
        if wallet_id != INSURANCE_FUND and wallet_id not in state.unit_positions:
            assert state.holding(wallet_id).settlement_debt == 0


def test_led_3_the_ledger_is_zero_after_every_command(replayed: Replayed) -> None:
    """Added up here from the events alone, entry by entry: nothing is made, lost or below zero."""
    balances: Counter[tuple[int, int]] = Counter()
    entries: Counter[int] = Counter()
    journal_engine = open_engine(replayed.url)
    for row in DatabaseJournal(journal_engine).read(WORLD):
        for event in decode_entry(row.encoded).events:
            match event:
                case e.Transferred():
                    balances[event.source, event.asset_id] -= event.amount
                    balances[event.target, event.asset_id] += event.amount
                    if is_wallet(event.source):
                        assert balances[event.source, event.asset_id] >= 0
                case e.PositionChanged():
                    entries[event.instrument_id] += event.entry_notional
                case _:
                    pass
        for instrument_id in (BTC, ETH):
            cleared = balances[clearing_account(instrument_id), VALUATION_ASSET]
            assert cleared + entries[instrument_id] == 0, f"entry {row.seq}"
    journal_engine.dispose()
    for asset_id in replayed.outcome.state.assets:
        assert sum(each for (_, asset), each in balances.items() if asset == asset_id) == 0
    for wallet_id, wallet in replayed.outcome.state.wallets.items():
        for asset_id, holding in wallet.holdings.items():
            assert holding.balance == balances[wallet_id, asset_id]


def test_it_verifies(replayed: Replayed) -> None:
    """The same commands give the same events, to the last bit."""
    engine = open_engine(replayed.url)
    outcome = verify(DatabaseJournal(engine), WORLD)
    engine.dispose()
    assert outcome.difference is None
    assert outcome.state == replayed.outcome.state_hash
