"""WAL-6, WAL-7 and the position mode of WAL-3: what an owner may ask of an account as a whole."""

from collections.abc import Iterator

import pytest

from simulator.core.model import commands as c
from simulator.core.model.accounts import FUND_ACCOUNT, MINT
from simulator.core.model.enums import (
    CallEnd,
    CancelReason,
    PositionSide,
    TransferKind,
    WalletKind,
)
from simulator.core.model.events import (
    AccountReset,
    CommandRejected,
    MarginCallEnded,
    OrderCanceled,
    Transferred,
)
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.rejects import RejectReason
from simulator.core.state.records import Wallet
from tests.scenario import BTC_ASSET, World, amount

MODES = pytest.mark.parametrize("mode", ["CROSS", "ISOLATED"])


def open_world(**parameters: int) -> World:
    world = World(fund="1000000", **parameters)
    world.instrument("BTC", taker_fee_rate=500_000_000)
    world.instrument("ETH")
    world.mark(BTC="10000", ETH="500")
    world.account("ann", cross="10000")
    for symbol, bid, ask in (("BTC", "9999", "10001"), ("ETH", "499", "501")):
        world.maker(symbol, bids=f"{bid} x 100", asks=f"{ask} x 100")
    return world


def reset(world: World, endowment: str = "10000", name: str = "ann") -> tuple[object, ...]:
    return world.run(c.ResetAccount(world.names[name], amount(endowment)))


def deposit(world: World, text: str, target: WalletKind = WalletKind.CROSS) -> tuple[object, ...]:
    command = c.DepositFunds(world.names["ann"], target, VALUATION_ASSET, amount(text))
    return world.run(command)


def refusal(events: tuple[object, ...]) -> CommandRejected:
    (event,) = events
    assert isinstance(event, CommandRejected)
    return event


def ledger_is_zero(world: World) -> bool:
    """LED-3 by the naive sum over everything."""
    state = world.exchange.state
    wallets = [
        holding.balance
        for wallet in state.wallets.values()
        for asset_id, holding in wallet.holdings.items()
        if asset_id == VALUATION_ASSET
    ]
    system = [value for (_, asset), value in state.ledger.balances.items() if asset == 1]
    return sum(wallets) + sum(system) == 0


def net_quantity(world: World, symbol: str) -> int:
    instrument_id = world.symbols[symbol]
    return sum(
        position.quantity
        for unit in world.exchange.state.unit_positions.values()
        for position in unit.values()
        if position.instrument_id == instrument_id
    )


@MODES
def test_wal_7_a_reset_leaves_the_endowment_and_nothing_else(mode: str) -> None:
    world = open_world()
    world.buy("ann", "BTC", "1", mode=mode, leverage=5)
    world.sell("ann", "ETH", "3", mode=mode, leverage=5)
    world.buy("ann", "BTC", "0.1", at="9900")
    world.transfer("ann", "1000", "CROSS", "SPOT")
    world.mark(BTC="10200", ETH="510")
    account_id = world.names["ann"]
    events = reset(world)
    state = world.exchange.state
    assert [each.reason for each in events if isinstance(each, OrderCanceled)] == [
        CancelReason.REQUESTED
    ]
    assert not any(
        exposure.long or exposure.short or exposure.orders
        for exposure in state.exposures[account_id].values()
    )
    for wallet in state.wallets.values():
        if wallet.account_id == account_id:
            wanted = amount("10000") if wallet.kind == WalletKind.CROSS else 0
            holding = state.holding(wallet.wallet_id)
            assert (holding.balance, holding.locked, holding.settlement_debt) == (wanted, 0, 0)
    assert AccountReset(account_id, 2, amount("10000")) in events
    assert (state.accounts[account_id].run, state.accounts[account_id].deposited) == (
        2,
        amount("10000"),
    )
    assert net_quantity(world, "BTC") == net_quantity(world, "ETH") == 0
    assert ledger_is_zero(world)


def test_wal_7_the_fund_takes_positions_over_at_mark_and_offers_them() -> None:
    world = open_world()
    world.buy("ann", "BTC", "1", mode="CROSS", leverage=5)
    world.mark(BTC="10200", ETH="500")
    reset(world)
    state = world.exchange.state
    held = state.exposures[FUND_ACCOUNT][world.symbols["BTC"]].long
    assert held is not None
    assert (held.quantity, held.entry_notional) == (1_000, amount("10200"))
    assert state.fund_unload_at_ns is not None
    world.wait(61)
    assert state.exposures[FUND_ACCOUNT][world.symbols["BTC"]].long is None


def test_wal_7_a_profit_goes_back_to_the_mint_with_a_reason() -> None:
    """LED-4: bought at 10,001, mark 10,200, fee 5.0005: 193.9995 more than the endowment."""
    world = open_world()
    world.buy("ann", "BTC", "1", mode="CROSS", leverage=5)
    world.mark(BTC="10200", ETH="500")
    adjustments = [
        each
        for each in reset(world)
        if isinstance(each, Transferred) and each.kind == TransferKind.ADJUSTMENT
    ]
    (taken,) = adjustments
    cross = world.wallet("ann").wallet_id
    assert (taken.source, taken.target, taken.reason) == (cross, MINT, "reset")
    assert taken.amount == amount("193.9995")


def test_wal_7_a_loss_is_made_good() -> None:
    world = open_world()
    world.buy("ann", "BTC", "1", mode="CROSS", leverage=5)
    world.mark(BTC="9900", ETH="500")
    (given,) = [
        each
        for each in reset(world)
        if isinstance(each, Transferred) and each.kind == TransferKind.ADJUSTMENT
    ]
    assert (given.source, given.amount) == (MINT, amount("106.0005"))


def test_wal_7_spot_gives_back_every_asset() -> None:
    world = open_world()
    spot = world.wallet("ann", "SPOT").wallet_id
    world.run(c.Deposit(spot, BTC_ASSET, amount("2")))
    reset(world)
    assert world.exchange.state.holding(spot, BTC_ASSET).balance == 0
    world.exchange.state.ledger.check(VALUATION_ASSET)


def test_wal_7_a_standing_call_ends() -> None:
    world = open_world()
    world.buy("ann", "BTC", "1", mode="ISOLATED", leverage=20)
    world.mark(BTC="9548", ETH="500")
    assert world.wallet("ann", at=("BTC", "LONG")).margin_call is not None
    (ended,) = [each for each in reset(world) if isinstance(each, MarginCallEnded)]
    assert ended.end == CallEnd.CLOSED


@MODES
def test_wal_7_a_debt_on_a_halted_instrument_is_the_mints(mode: str) -> None:
    """Nothing is liquidated while the instrument is halted; the reset closes at its mark."""
    world = open_world()
    deep = "0.9" if mode == "CROSS" else "0.1"
    world.buy("ann", "BTC", deep, mode=mode, leverage=100)
    world.halt("BTC")
    world.account("bob", cross="10000")
    world.exchange.state.instruments[world.symbols["BTC"]].mark_price = 100
    reset(world)
    state = world.exchange.state
    assert state.holding(world.wallet("ann").wallet_id).balance == amount("10000")
    assert all(
        state.holding(each.wallet_id).settlement_debt == 0 for each in state.wallets.values()
    )
    assert ledger_is_zero(world)


class Unscanned(dict[tuple[int, int, PositionSide | None], Wallet]):
    """Wallets that are found by their key alone."""

    def __iter__(self) -> Iterator[tuple[int, int, PositionSide]]:
        raise AssertionError("somebody looked at every wallet of the world")

    items = values = keys = __iter__  # type: ignore[assignment]


def test_wal_7_a_reset_looks_at_the_accounts_own_wallets_only() -> None:
    """Both sides of two instruments, returned in the order in which they were opened."""
    world = open_world()
    for symbol, quantity in (("ETH", "3"), ("BTC", "0.1")):
        world.sell("ann", symbol, quantity, leverage=5)
        world.buy("ann", symbol, quantity, reduce_only=True)
        world.buy("ann", symbol, quantity, leverage=5)
    state = world.exchange.state
    state.isolated_wallets = Unscanned(state.isolated_wallets)
    opened = [world.wallet("ann", at=(symbol, "LONG")).wallet_id for symbol in ("ETH", "BTC")]
    returned = [
        each.source
        for each in reset(world)
        if isinstance(each, Transferred) and each.kind == TransferKind.TRANSFER
    ]
    assert returned == opened == sorted(opened)


def test_wal_7_not_during_a_liquidation() -> None:
    """A unit whose instruments are all halted stands still in its liquidation (MAT-2)."""
    world = open_world()
    world.buy("ann", "ETH", "50", mode="CROSS", leverage=50)
    world.buy("ann", "BTC", "4", mode="CROSS", leverage=50)
    world.halt("ETH")
    world.mark(BTC="7450")
    assert world.wallet("ann").liquidation is not None
    assert refusal(reset(world)).reason == RejectReason.LIQUIDATION_IN_PROGRESS


def test_wal_7_the_fund_is_no_account_to_reset() -> None:
    world = open_world()
    for account_id in (FUND_ACCOUNT, 99):
        events = world.run(c.ResetAccount(account_id, 1))
        assert refusal(events).reason == RejectReason.UNKNOWN_ACCOUNT
    assert refusal(reset(world, "-1")).reason == RejectReason.INVALID_AMOUNT


def test_wal_6_deposits_of_a_run_have_a_limit() -> None:
    world = open_world(deposit_limit=amount("12000"))
    deposit(world, "500")
    deposit(world, "1000", WalletKind.SPOT)
    refused = refusal(deposit(world, "500.01"))
    assert refused.reason == RejectReason.DEPOSIT_LIMIT
    assert (refused.needed, refused.available) == (amount("500.01"), amount("500"))
    deposit(world, "500")
    assert world.exchange.state.holding(world.wallet("ann").wallet_id).balance == amount("11000")
    reset(world)
    deposit(world, "2000")
    assert refusal(deposit(world, "1")).available == 0


def test_wal_6_only_the_valuation_asset_to_spot_or_cross() -> None:
    world = open_world()
    ann = world.names["ann"]
    for command, reason in (
        (c.DepositFunds(99, WalletKind.CROSS, 1, 5), RejectReason.UNKNOWN_ACCOUNT),
        (c.DepositFunds(FUND_ACCOUNT, WalletKind.CROSS, 1, 5), RejectReason.UNKNOWN_ACCOUNT),
        (c.DepositFunds(ann, WalletKind.ISOLATED, 1, 5), RejectReason.UNKNOWN_WALLET),
        (c.DepositFunds(ann, WalletKind.SPOT, BTC_ASSET, 5), RejectReason.UNKNOWN_ASSET),
        (c.DepositFunds(ann, WalletKind.SPOT, 1, 0), RejectReason.INVALID_AMOUNT),
    ):
        assert refusal(world.run(command)).reason == reason
