"""What an operator sets, and what is refused of it: assets, instruments, tiers, parameters, money.

UNIT-1, MARG-2 and ORD-10 at the operator's door.
"""

from typing import Any

import pytest
from msgspec.structs import replace

from simulator.core.model.accounts import FUND_ACCOUNT, INSURANCE_FUND
from simulator.core.model.commands import (
    AnyCommand,
    CancelAllOrders,
    ConfigureWorld,
    DefineAsset,
    Deposit,
    ListInstrument,
    OpenAccount,
    ReplaceQuotes,
    SetLeverage,
    SetMarginMode,
    SetMarketState,
    SetRiskTiers,
    TransferFunds,
)
from simulator.core.model.enums import MarginMode, MarketState, WalletKind
from simulator.core.model.events import AccountOpened, CommandRejected, RiskTiersSet
from simulator.core.model.instruments import Asset, WorldParameters
from simulator.core.model.units import RATE_ONE
from tests.scenario import BTC_ASSET, World, amount, instrument_terms, tier_rows

TIERS = tier_rows("1000:1%:50 5%:10")


@pytest.fixture
def world() -> World:
    world = World()
    world.instrument("BTC")
    world.account("ann", cross="100")
    world.mark(BTC="100")
    return world


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (DefineAsset(Asset(BTC_ASSET, "BTC", 8)), "ALREADY_EXISTS"),
        (ListInstrument(instrument_terms(1, "BTC"), TIERS), "ALREADY_EXISTS"),
        (ListInstrument(instrument_terms(2, "ETH"), ()), "INVALID_TERMS"),
        (ListInstrument(instrument_terms(2, "ETH", default_leverage=51), TIERS), "INVALID_TERMS"),
        (SetRiskTiers(9, TIERS), "UNKNOWN_INSTRUMENT"),
        (SetRiskTiers(1, TIERS[1:]), "INVALID_TERMS"),
        (SetMarketState(9, MarketState.HALTED), "UNKNOWN_INSTRUMENT"),
        (OpenAccount(maker_fee_rate=RATE_ONE), "INVALID_TERMS"),
        (OpenAccount(taker_fee_rate=-RATE_ONE), "INVALID_TERMS"),
        (Deposit(99, 1, 1), "UNKNOWN_WALLET"),
        (Deposit(1_000_001, 9, 1), "UNKNOWN_ASSET"),
        (Deposit(1_000_001, 1, 0), "INVALID_AMOUNT"),
        (Deposit(1_000_001, 1, -1), "INVALID_AMOUNT"),
        (Deposit(1_000_001, 1, 1 << 62), "INVALID_AMOUNT"),
        (Deposit(1_000_001, 1, (1 << 62) - 1), "INVALID_AMOUNT"),  # with what is there
        (SetLeverage(99, 1, 5), "UNKNOWN_ACCOUNT"),
        (SetLeverage(FUND_ACCOUNT, 1, 5), "UNKNOWN_ACCOUNT"),
        (SetLeverage(2, 9, 5), "UNKNOWN_INSTRUMENT"),
        (SetMarginMode(99, 1, MarginMode.CROSS), "UNKNOWN_ACCOUNT"),
        (SetMarginMode(2, 9, MarginMode.CROSS), "UNKNOWN_INSTRUMENT"),
        (CancelAllOrders(99), "UNKNOWN_ACCOUNT"),
        (CancelAllOrders(FUND_ACCOUNT), "UNKNOWN_ACCOUNT"),
        (CancelAllOrders(2, 9), "UNKNOWN_INSTRUMENT"),
        (ReplaceQuotes(FUND_ACCOUNT, 1, ((9_900, 1),), ()), "UNKNOWN_ACCOUNT"),
        (ReplaceQuotes(2, 9, ((9_900, 1),), ()), "UNKNOWN_INSTRUMENT"),
        (ReplaceQuotes(2, 1, ((0, 1),), ()), "INVALID_COMBINATION"),
        (TransferFunds(99, WalletKind.SPOT, WalletKind.CROSS, 1, 1), "UNKNOWN_ACCOUNT"),
        (TransferFunds(FUND_ACCOUNT, WalletKind.SPOT, WalletKind.CROSS, 1, 1), "UNKNOWN_ACCOUNT"),
        (
            TransferFunds(2, WalletKind.INSURANCE_FUND, WalletKind.CROSS, 1, 1),
            "UNKNOWN_WALLET",
        ),
    ],
)
def test_ord_10_a_refused_command_says_why_and_changes_nothing(
    world: World, command: AnyCommand, reason: str
) -> None:
    before = world.exchange.state.snapshot()
    world.run(command)
    assert world.reason() == reason
    assert [type(event) for event in world.events] == [CommandRejected]
    after = world.exchange.state.snapshot()
    assert replace(after, seq=before.seq, time_ns=before.time_ns) == before


@pytest.mark.parametrize(
    "change",
    [
        {"call_ratio": 0},
        {"call_ratio": RATE_ONE + 1},
        {"clear_ratio": RATE_ONE - 1},
        {"call_repeat_ns": 0},
        {"page_size": 0},
        {"fund_unload_interval_ns": 0},
        {"fund_unload_notional": 0},
        {"client_order_window_ns": -1},
        {"client_order_minimum": -1},
    ],
)
def test_the_worlds_parameters_are_checked(world: World, change: dict[str, Any]) -> None:
    world.run(ConfigureWorld(WorldParameters(**change)))
    assert world.reason() == "INVALID_TERMS"
    assert world.exchange.state.parameters == WorldParameters()


def test_marg_2_new_tiers_come_with_their_deductions(world: World) -> None:
    world.run(SetRiskTiers(1, TIERS))
    tiers = world.happened(RiskTiersSet)[0].tiers
    assert [tier.deduction for tier in tiers] == [0, amount("40")]
    assert world.exchange.state.instruments[1].tiers == tiers


def test_accounts_and_wallets_are_numbered_in_turn(world: World) -> None:
    opened = []
    for _ in range(2):
        world.run(OpenAccount())
        opened.append(world.happened(AccountOpened)[0])
    assert [each.account_id for each in opened] == [3, 4]
    assert [(each.spot_wallet_id, each.cross_wallet_id) for each in opened] == [
        (1_000_002, 1_000_003),
        (1_000_004, 1_000_005),
    ]


def test_paper_money_may_be_given_to_the_insurance_fund(world: World) -> None:
    world.run(Deposit(INSURANCE_FUND, 1, amount("7")))
    assert world.fund() == "7"
    assert world.total() == 0
