"""BOR-6: what a balance cannot pay becomes settlement debt, and is repaid from any inflow."""

from simulator.core.model.accounts import LENDING_POOL
from simulator.core.model.events import LiquidationStarted, Transferred
from tests.scenario import World, amount, plain
from tests.story import story


def indebted() -> World:
    """Ann, in CROSS, loses 50 on BTC with a balance of 40; a profit on ETH carries her."""
    world = World()
    for symbol in ("BTC", "ETH"):
        world.instrument(symbol)
    world.account("ann", cross="40", spot="100")
    world.account("bob", cross="100000")
    world.mark(BTC="100", ETH="100")
    for symbol in ("BTC", "ETH"):
        world.sell("bob", symbol, "10", at="100", leverage=1)
        world.buy("ann", symbol, "10", leverage=100, mode="CROSS")
    world.mark(BTC="95", ETH="120")
    world.buy("bob", "BTC", "10", at="95")
    world.sell("ann", "BTC", "10")
    return world


def debt(world: World) -> str:
    return plain(world.exchange.state.holding(world.wallet("ann").wallet_id).settlement_debt, 8)


def test_bor_6_the_lending_pool_advances_what_is_missing() -> None:
    world = indebted()
    assert story(world)[3:5] == [
        "SETTLEMENT 10: lending_pool to ann CROSS",
        "REALIZED_PNL 50: ann CROSS to clearing:1",
    ]
    assert (world.balance("ann"), debt(world)) == ("0", "10")
    assert world.exchange.state.ledger.balance(LENDING_POOL, 1) == -amount("10")
    assert world.total() == 0


def test_bor_6_it_lowers_equity_and_adds_nothing_to_the_lines() -> None:
    world = indebted()
    risk = world.risk("ann")
    assert risk["equity"] == "190"  # 200 of profit less 10 of debt
    assert risk["maintenance"] == "4.8"
    assert world.happened(LiquidationStarted) == []


def test_bor_6_any_inflow_repays_it_first() -> None:
    world = indebted()
    world.transfer("ann", "4", "SPOT", "CROSS")
    assert story(world) == [
        "TRANSFER 4: ann SPOT to ann CROSS",
        "SETTLEMENT 4: ann CROSS to lending_pool",
    ]
    assert (world.balance("ann"), debt(world)) == ("0", "6")
    world.deposit("ann", "5")
    assert (world.balance("ann"), debt(world)) == ("0", "1")
    world.buy("bob", "ETH", "5", at="120")
    world.sell("ann", "ETH", "5")
    assert (world.balance("ann"), debt(world)) == ("99", "0")
    assert world.exchange.state.ledger.balance(LENDING_POOL, 1) == 0


def test_bor_6_nothing_leaves_a_wallet_that_owes() -> None:
    world = indebted()
    world.transfer("ann", "0.01", "CROSS", "SPOT")
    assert world.refused() == ("INSUFFICIENT_BALANCE", amount("0.01"), 0)


def test_bor_6_a_debt_without_a_position_is_covered_by_the_fund() -> None:
    """LIQ-8: the last position closed at a loss that nobody can pay."""
    world = World(fund="100")
    world.instrument("BTC")
    world.account("ann", cross="100")
    world.account("bob", cross="100000")
    world.mark(BTC="100")
    world.sell("bob", "BTC", "10", at="100", leverage=1)
    world.buy("ann", "BTC", "10", leverage=10)
    world.mark(BTC="91")
    world.buy("bob", "BTC", "10", at="89")
    world.sell("ann", "BTC", "10", at="89")
    wallet_id = world.wallet("ann", at=("BTC", "LONG")).wallet_id
    moved = [
        (each.kind.name, plain(each.amount, 8))
        for each in world.happened(Transferred)
        if wallet_id in (each.source, each.target)
    ]
    assert moved == [
        ("SETTLEMENT", "10"),
        ("REALIZED_PNL", "110"),
        ("INSURANCE", "10"),
        ("SETTLEMENT", "10"),
    ]
    assert (world.fund(), world.shortfall()) == ("90", "0")
    assert (world.balance("ann"), world.total()) == ("0", 0)


def test_bor_6_a_flip_cannot_spend_what_repays_the_debt() -> None:
    """WAL-4: of the 100 of margin that come back 10 go to the lender, and 100 would be needed."""
    world = World()
    for symbol in ("BTC", "ETH", "XRP"):
        world.instrument(symbol)
    world.account("ann", cross="140")
    world.account("bob", cross="100000")
    world.mark(BTC="100", ETH="100", XRP="100")
    for symbol, leverage, mode in (
        ("XRP", 10, "ISOLATED"),
        ("BTC", 100, "CROSS"),
        ("ETH", 100, "CROSS"),
    ):
        world.sell("bob", symbol, "10", at="100", leverage=1)
        world.buy("ann", symbol, "10", leverage=leverage, mode=mode)
    world.mark(BTC="95", ETH="120")
    world.buy("bob", "BTC", "10", at="95")
    world.sell("ann", "BTC", "10")
    assert (world.balance("ann"), debt(world)) == ("0", "10")
    world.buy("bob", "XRP", "30", at="100", leverage=1)
    world.sell("ann", "XRP", "20")
    assert world.refused() == ("INSUFFICIENT_MARGIN", amount("10"), 0)
    world.sell("ann", "XRP", "19", at="100", tif="IOC")
    assert world.refused() is None
    assert world.position("ann", "XRP") == ("-9", "-900")
    assert (world.balance("ann"), debt(world)) == ("0", "0")
