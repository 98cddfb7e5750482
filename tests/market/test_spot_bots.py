"""The market maker on spot: what it offers it has, and it borrows nothing."""

from simulator.core.model.commands import PlaceOrder, SetIndexPrices
from simulator.core.model.enums import OrderType, Side
from simulator.core.model.units import NS_PER_SECOND, RATE_ONE
from simulator.market.bots.market_maker import BASIS_POINT, MakerConfig, MarketMaker, inventory_of
from simulator.scenarios.cast import account_at, open_spot_member
from tests.scenario import START_NS, amount
from tests.spot_scenario import SpotWorld

CONFIG = MakerConfig(
    level_quantity=1_000,
    max_inventory=2_500,
    replenish_per_second=1_000,
    levels=3,
    spread_rate=10 * BASIS_POINT,
    level_spacing_rate=5 * BASIS_POINT,
    interval_ns=NS_PER_SECOND,
)
"""Three levels of 1 ETH a side; 2.5 ETH to begin with."""


class Desk:
    """A spot maker with its stock, woken each second, and somebody to trade with."""

    def __init__(self) -> None:
        self.world = SpotWorld()
        self.world.spot("ETHUSDT", "ETH")
        self.terms = self.world.record("ETHUSDT").terms
        self.state = self.world.exchange.state
        for command in open_spot_member(0, amount("100000"), self.terms, CONFIG.max_inventory):
            self.world.run(command)
        self.world.account("ann", spot="100000")
        self.world.deposit("ann", "100", "SPOT", "ETH")
        self.maker = MarketMaker(account_at(0), self.terms, CONFIG)
        self.world.mark(ETHUSDT="2000")
        self.time_ns = START_NS

    @property
    def inventory(self) -> int:
        return inventory_of(self.state, account_at(0), self.terms, CONFIG.max_inventory)

    def wake(self) -> None:
        self.time_ns += NS_PER_SECOND
        for command in self.maker.wake(self.time_ns, self.state):
            self.world.run(command)

    def offered(self, side: Side) -> int:
        book = self.state.books[self.terms.instrument_id].own_side(side)
        return sum(level.quantity for level in book.levels_from_best())

    def take(self, side: Side, quantity: int) -> None:
        account_id, instrument_id = self.world.names["ann"], self.terms.instrument_id
        self.world.run(PlaceOrder(account_id, instrument_id, side, OrderType.MARKET, quantity))


def test_it_offers_what_it_holds_and_skews_by_what_it_has_more_or_less() -> None:
    desk = Desk()
    desk.wake()
    assert desk.inventory == 0
    assert (desk.offered(Side.BUY), desk.offered(Side.SELL)) == (2_500, 2_500)
    desk.take(Side.BUY, 2_000)
    assert desk.inventory == -2_000
    desk.wake()
    assert (desk.offered(Side.BUY), desk.offered(Side.SELL)) == (3_000, 500)
    best = desk.state.books[desk.terms.instrument_id].own_side(Side.SELL).best_price()
    assert best is not None
    assert best > 200_000 * (RATE_ONE + 10 * BASIS_POINT) // RATE_ONE, "dearer, with little left"
    desk.take(Side.BUY, 500)
    desk.wake()
    assert desk.offered(Side.SELL) == 0
    desk.take(Side.SELL, 3_000)
    desk.wake()
    assert desk.inventory == 500


def test_it_never_owes_anything_whatever_the_price_does() -> None:
    desk = Desk()
    for number in range(40):
        price = 200_000 + 500 * (number % 7) - 300 * (number % 5)
        desk.world.run(SetIndexPrices(((desk.terms.instrument_id, price),)))
        desk.wake()
        desk.take(Side.BUY if number % 3 else Side.SELL, 700)
    wallet = desk.state.wallets[desk.state.accounts[account_at(0)].spot_wallet_id]
    assert all(each.borrowed == 0 and each.balance >= 0 for each in wallet.holdings.values())
    assert -CONFIG.max_inventory <= desk.inventory <= CONFIG.max_inventory
