"""12 and 13 May 2022 again: LUNA falls from 1.08 to 0.00005 and is traded no more (real data).

The file holds two assets under one name: its rows of the 31st are of another LUNA, at a hundred
thousand times the price, and are left out. A crowd trades the perpetual and, half of it, spot
margin; Luc has borrowed USDT against LUNA, whose haircut is raised twice while it falls.
"""

import gzip
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from simulator.analytics.cascade import Cascade
from simulator.config.exchange import ExchangeConfig
from simulator.core.codec import Entry
from simulator.core.exchange import Exchange
from simulator.core.model import commands as c
from simulator.core.model import events as e
from simulator.core.model.accounts import INSURANCE_FUND, is_wallet
from simulator.core.model.enums import HaltReason, MarketState, WalletKind
from simulator.core.model.instruments import VALUATION_ASSET, Asset
from simulator.core.model.units import NS_PER_HOUR, RATE_ONE
from simulator.core.state.exchange_state import ExchangeState
from simulator.market.bots.agents import FollowedFeed, ReplayAgent
from simulator.market.bots.market_maker import MarketMaker
from simulator.market.feeds.paths import replay_commands
from simulator.runtime.engine import Engine
from simulator.runtime.ports import Agent
from simulator.scenarios.cast import account_at, cross_wallet_at, open_cast_member
from simulator.scenarios.population import Population
from simulator.scenarios.replay import (
    ReplayOptions,
    ReplayPlan,
    genesis,
    maker_config,
    plan_replay,
    read_files,
)
from tests.api.venue import exchange_config
from tests.e2e.replays import MONEY, data_file, utc

pytestmark = pytest.mark.data

LUNA, SPOT, PERPETUAL = 9, 90, 91
"""The asset, and its two instruments, with prices in 1e-8 USDT and whole coins."""

BEGIN, LAST_BAR = utc("2022-05-12 00:00"), utc("2022-05-13 00:40")
HAIRCUTS = (
    (utc("2022-05-12 02:00"), 70 * RATE_ONE // 100),
    (utc("2022-05-12 04:00"), 95 * RATE_ONE // 100),
)
POPULATION = 400
COARSE = RATE_ONE // 50
"""Steps of 2 % instead of 5 bp: a tenth of the moments, and the same points."""


class Script:
    """An agent that says what it was told to, each at its moment."""

    def __init__(self, script: Sequence[tuple[int, list[c.AnyCommand]]]) -> None:
        self._left = [*script]

    @property
    def next_wake_ns(self) -> int | None:
        return self._left[0][0] if self._left else None

    def wake(self, time_ns: int, state: ExchangeState) -> list[c.AnyCommand]:
        return self._left.pop(0)[1]


class Told:
    """The finished world, and everything that happened in it."""

    def __init__(self, engine: Engine, plan: ReplayPlan, luc: int) -> None:
        self.state = engine.exchange.state
        self.entries: list[Entry] = engine.take()[0]
        self.luc = luc
        self.cascade = Cascade(plan.instruments.values())
        for entry in self.entries:
            self.cascade.follow(entry)


def with_luna(exchange: ExchangeConfig) -> ExchangeConfig:
    """SOL's terms for LUNA, at prices as fine as it came to need."""
    asset = Asset(LUNA, "LUNA", 8, 4 * RATE_ONE // 10, RATE_ONE // 1000, 10**16)
    fine = {
        "base": "LUNA",
        "price_decimals": 8,
        "quantity_decimals": 0,
        "notional_multiplier": 1,
        "tick_size": 1,
        "lot_size": 1,
        "min_quantity": 1,
        "max_quantity": 10**9,
        "max_market_quantity": 10**9,
    }
    spot, perpetual = exchange.instruments["SOLUSDT"], exchange.instruments["SOLUSDT-PERP"]
    spot_terms = replace(
        spot.terms,
        instrument_id=SPOT,
        symbol="LUNAUSDT",
        base_asset_id=LUNA,
        base_multiplier=10**8,
        **fine,
    )
    terms = replace(
        perpetual.terms,
        instrument_id=PERPETUAL,
        symbol="LUNAUSDT-PERP",
        funding_interval_ns=None,
        **fine,
    )
    listed = {
        "LUNAUSDT": spot._replace(terms=spot_terms),
        "LUNAUSDT-PERP": perpetual._replace(terms=terms),
    }
    return exchange._replace(
        assets=(exchange.assets[0], asset),
        instruments=listed,
        pools=((VALUATION_ASSET, 10**8 * MONEY), (LUNA, 10**8 * MONEY)),
    )


def bars_of(folder: Path) -> Path:
    """The old LUNA's bars of the window, out of the archive."""
    archive = zipfile.ZipFile(data_file("luna-2022-05/LUNAUSDT-1m-2022-05.zip"))
    rows = archive.read("LUNAUSDT-1m-2022-05.csv").decode().splitlines()
    kept = [row for row in rows if BEGIN <= int(row.partition(",")[0]) * 10**6 <= LAST_BAR]
    assert len(rows) - len(kept) > 500, "rows of before, and of the other LUNA"
    path = folder / "LUNAUSDT-1m-2022-05.csv.gz"
    path.write_bytes(gzip.compress("\n".join([*kept, ""]).encode(), mtime=0))
    return path


def of_luc(place: int) -> list[c.AnyCommand]:
    """10,000 LUNA in CROSS, and a loan of a quarter of their worth, which he takes out.

    They count there as soon as LUNA has a price.
    """
    luc, amount = account_at(place), 2_500 * MONEY
    return [
        c.Deposit(cross_wallet_at(place), LUNA, 10_000 * 10**8),
        c.BorrowFunds(luc, WalletKind.CROSS, VALUATION_ASSET, amount),
        c.TransferFunds(luc, WalletKind.CROSS, WalletKind.SPOT, VALUATION_ASSET, amount),
    ]


def play(engine: Engine, agents: list[Agent]) -> None:
    """Wakes one agent after the other until none has a moment left."""
    state = engine.exchange.state
    while True:
        moments = [each.next_wake_ns for each in agents]
        due = [(moment, number) for number, moment in enumerate(moments) if moment is not None]
        if not due or min(due)[0] >= LAST_BAR + 60 * 10**9:
            return
        moment, number = min(due)
        engine.advance(moment)
        for command in agents[number].wake(moment, state):
            engine.submit(moment, command)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    exchange = with_luna(exchange_config())
    path = bars_of(tmp_path_factory.mktemp("luna"))
    files, listed = read_files([f"LUNAUSDT-PERP={path}"], exchange, with_spot=True)
    options = ReplayOptions(
        population=POPULATION, seed=20220512, spot_share=RATE_ONE // 2, fund=100_000, depth=20_000
    )
    plan = plan_replay(files, listed, [], options)
    engine = Engine("luna", Exchange())
    place = len(listed) + POPULATION
    for command in [*genesis(plan, exchange), *open_cast_member(place, 1, [], False)]:
        engine.submit(BEGIN - 1, command)
    makers = [
        MarketMaker(account_at(place), terms, maker_config(plan, terms, MONEY))
        for place, terms in enumerate(plan.instruments.values())
    ]
    feed = FollowedFeed(ReplayAgent(replay_commands(plan.files, COARSE)), makers)
    script: list[tuple[int, list[c.AnyCommand]]] = [(BEGIN + 1, of_luc(place))]
    script += [(moment, [c.SetHaircuts(((LUNA, rate),))]) for moment, rate in HAIRCUTS]
    play(engine, [feed, Script(script), Population(plan.members, BEGIN)])
    engine.submit(LAST_BAR + 3 * NS_PER_HOUR, c.AdvanceTime(LAST_BAR + 3 * NS_PER_HOUR))
    return Told(engine, plan, account_at(place))


def test_mark_1_almost_nothing_and_then_a_halt(told: Told) -> None:
    """The price goes to 0.00004, never to nothing; where the bars end both instruments halt."""
    prices = [
        event.price
        for entry in told.entries
        for event in entry.events
        if isinstance(event, e.MarkPriceUpdated)
    ]
    assert 0 < min(prices) <= 5_000
    assert max(prices) > 10**8
    for instrument_id in (SPOT, PERPETUAL):
        record = told.state.instruments[instrument_id]
        assert record.market_state is MarketState.HALTED
        assert record.halt_reason is HaltReason.STALE_INDEX
        assert record.index_price is not None
        assert record.index_price > 0


def test_liq_5_debts_are_settled_and_the_fund_takes_what_the_book_does_not(told: Told) -> None:
    cascade = told.cascade
    assert cascade.debt_liquidations > 20
    assert cascade.asset_takeovers > 0
    assert cascade.deficits > 0
    assert min(cascade.borrowed[VALUATION_ASSET], cascade.borrowed[LUNA]) > 0
    for wallet_id, wallet in told.state.wallets.items():
        assert wallet.liquidation is None
        for holding in wallet.holdings.values():
            assert min(holding.balance, holding.borrowed, holding.interest) >= 0
            if wallet_id != INSURANCE_FUND:
                assert holding.settlement_debt == 0


def test_marg_1_collateral_with_a_higher_haircut(told: Told) -> None:
    """Luc's LUNA first counts for less, and then is sold for his debt; nothing is left to pay."""
    set_to = [
        event.haircuts
        for entry in told.entries
        for event in entry.events
        if isinstance(event, e.HaircutsSet)
    ]
    assert set_to == [((LUNA, rate),) for _, rate in HAIRCUTS]
    warned = [
        event
        for entry in told.entries
        for event in entry.events
        if isinstance(event, e.MarginCallIssued | e.LiquidationStarted)
        and event.account_id == told.luc
    ]
    assert isinstance(warned[0], e.MarginCallIssued)
    assert isinstance(warned[-1], e.LiquidationStarted)
    cross = told.state.wallets[told.state.accounts[told.luc].cross_wallet_id]
    for holding in cross.holdings.values():
        assert (holding.borrowed, holding.interest, holding.settlement_debt) == (0, 0, 0)


def test_led_3_per_asset_the_ledger_is_zero_after_every_entry(told: Told) -> None:
    balances: Counter[tuple[int, int]] = Counter()
    for entry in told.entries:
        for event in entry.events:
            if isinstance(event, e.Transferred):
                balances[event.source, event.asset_id] -= event.amount
                balances[event.target, event.asset_id] += event.amount
                if is_wallet(event.source):
                    assert balances[event.source, event.asset_id] >= 0
    for asset_id in (VALUATION_ASSET, LUNA):
        assert sum(each for (_, asset), each in balances.items() if asset == asset_id) == 0
    for wallet_id, wallet in told.state.wallets.items():
        for asset_id, holding in wallet.holdings.items():
            assert holding.balance == balances[wallet_id, asset_id]
