"""Market makers and noise traders on spot: what they offer they have, and they borrow nothing."""

import pytest

from simulator.core.model.commands import (
    AnyCommand,
    CancelOrder,
    Deposit,
    OpenAccount,
    PlaceOrder,
    SetIndexPrices,
)
from simulator.core.model.enums import OrderType, Side
from simulator.core.model.events import CommandRejected, OrderRejected
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.units import NS_PER_SECOND, RATE_ONE
from simulator.market.bots.inventory import inventory_of, payable_quantity
from simulator.market.bots.market_maker import BASIS_POINT, MakerConfig, MarketMaker
from simulator.market.bots.noise import NoiseConfig, NoiseTrader
from simulator.scenarios.cast import account_at, open_member, open_spot_member, spot_wallet_at
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


# -- noise ---------------------------------------------------------------------------------------

NOISE = NoiseConfig(
    max_quantity=200,
    max_inventory=1_000,
    mean_interval_ns=2 * NS_PER_SECOND,
    order_lifetime_ns=20 * NS_PER_SECOND,
)
"""Orders of up to 0.2 ETH; 1 ETH to begin with."""


class NoisyDesk:
    """A noise trader on spot, out of SPOT, beside a book that is deeper than it will take."""

    def __init__(self, money: str, fee_rate: int | None = None, price: str = "2000") -> None:
        self.world = SpotWorld()
        fee = RATE_ONE // 1_000
        self.world.spot("ETHUSDT", "ETH", maker_fee_rate=fee, taker_fee_rate=fee)
        self.world.pool("USDT", "1000000")
        self.world.pool("ETH", "1000")
        self.terms = self.world.record("ETHUSDT").terms
        self.state = self.world.exchange.state
        base = self.world.assets["ETH"]
        for command in (
            OpenAccount(fee_rate, fee_rate),
            Deposit(spot_wallet_at(0), VALUATION_ASSET, amount(money)),
            Deposit(spot_wallet_at(0), base, NOISE.max_inventory * self.terms.base_multiplier),
        ):
            self.world.run(command)
        self.world.account("deep", spot="10000000")
        self.world.deposit("deep", "10000", "SPOT", "ETH")
        self.world.mark(ETHUSDT=price)
        self.trader = NoiseTrader(account_at(0), self.terms, NOISE, 1)
        self.time_ns = START_NS

    @property
    def inventory(self) -> int:
        return inventory_of(self.state, account_at(0), self.terms, NOISE.max_inventory)

    def deep_book(self, bid: int, ask: int) -> None:
        for side, price in ((Side.BUY, bid), (Side.SELL, ask)):
            order = (self.world.names["deep"], self.terms.instrument_id, side, OrderType.LIMIT)
            self.world.run(PlaceOrder(*order, 2_000_000, price))

    def live(self, seconds: int) -> list[AnyCommand]:
        """What it does; none of it may be refused, borrow, or lead beyond its bounds."""
        done: list[AnyCommand] = []
        until_ns = self.time_ns + seconds * NS_PER_SECOND
        while (wake_ns := self.trader.next_wake(self.time_ns)) < until_ns:
            self.time_ns = wake_ns
            for command in self.trader.wake(wake_ns, self.state):
                events = self.world.exchange.execute(wake_ns, command)
                assert not [e for e in events if isinstance(e, CommandRejected | OrderRejected)]
                done.append(command)
            wallet = self.state.wallets[spot_wallet_at(0)]
            for each in wallet.holdings.values():
                assert each.borrowed == 0
                assert 0 <= each.locked <= each.balance
            assert abs(self.inventory) <= NOISE.max_inventory
        return done


def test_noise_trades_both_sides_from_its_stock() -> None:
    desk = NoisyDesk("50000", fee_rate=0)
    desk.deep_book(199_000, 201_000)
    done = desk.live(3_600)
    placed = [each for each in done if isinstance(each, PlaceOrder)]
    assert 1_600 < len(placed) < 2_000
    assert 0.45 < sum(each.side is Side.BUY for each in placed) / len(placed) < 0.55
    assert 0.42 < sum(each.price is None for each in placed) / len(placed) < 0.58
    assert any(isinstance(each, CancelOrder) for each in done)
    assert not desk.state.debtors


def test_noise_without_its_stock_only_buys_and_with_twice_as_much_only_sells() -> None:
    for held, side in (("0", Side.BUY), ("2", Side.SELL)):
        desk = NoisyDesk("50000", fee_rate=0)
        holding = desk.state.holding(spot_wallet_at(0), desk.world.assets["ETH"])
        holding.balance = amount(held)
        orders = [
            order
            for number in range(200)
            for order in desk.trader.wake(START_NS + number, desk.state)
        ]
        assert len(orders) == 200
        assert {order.side for order in orders if isinstance(order, PlaceOrder)} == {side}


@pytest.mark.parametrize("fee_rate", [0, None, RATE_ONE // 50])
def test_noise_that_runs_out_of_money_trades_what_it_can_pay(fee_rate: int | None) -> None:
    """Its fees, or the spread, take the money; it is never refused, and it owes nothing."""
    desk = NoisyDesk("150.12345678", fee_rate)
    desk.deep_book(199_000, 201_000)
    done = desk.live(3_600)
    bought = [each for each in done if isinstance(each, PlaceOrder) and each.side is Side.BUY]
    assert len(bought) > 100
    assert min(each.quantity for each in bought) < 20, "less than it would, for lack of money"


def test_what_is_payable_is_paid_to_the_last_lot_and_no_more() -> None:
    """100 USDT at 2,000 and a fee of 0.1%: 0.049 ETH, for 98.098; 0.05 would be 100.10."""
    desk = NoisyDesk("100")
    desk.deep_book(199_000, 200_000)
    terms, account_id = desk.terms, account_at(0)
    assert payable_quantity(desk.state, account_id, terms, Side.BUY, 200_000) == 49
    assert payable_quantity(desk.state, account_id, terms, Side.SELL, 200_000) == 1_000

    def is_refused(side: Side, quantity: int) -> bool:
        order = PlaceOrder(account_id, terms.instrument_id, side, OrderType.MARKET, quantity)
        events = desk.world.run(order)
        return any(isinstance(each, OrderRejected) for each in events)

    assert is_refused(Side.BUY, 50)
    assert is_refused(Side.SELL, 1_001)
    assert not is_refused(Side.BUY, 49)
    assert payable_quantity(desk.state, account_id, terms, Side.BUY, 200_000) == 0
    assert payable_quantity(desk.state, account_id, terms, Side.SELL, 200_000) == 1_049


def test_a_perpetual_has_no_payable_quantity() -> None:
    desk = Desk()
    desk.world.instrument("BTC")
    with pytest.raises(ValueError, match="BTC is no spot instrument"):
        payable_quantity(
            desk.state, account_at(0), desk.world.record("BTC").terms, Side.BUY, 200_000
        )


def test_a_member_of_the_cast_has_its_money_where_its_instrument_is_traded() -> None:
    desk = Desk()
    desk.world.instrument("BTC")
    perpetual = desk.world.record("BTC").terms
    for terms in (desk.terms, perpetual):
        place = desk.state.counters.account + 1 - account_at(0)
        for command in open_member(place, amount("500"), terms, 3_000, True):
            events = desk.world.run(command)
            assert not [each for each in events if isinstance(each, CommandRejected)]
    counters = desk.state.counters
    spot, cross = counters.wallet - 3, counters.wallet
    assert desk.state.holding(spot).balance == desk.state.holding(cross).balance == amount("500")
    assert desk.state.holding(spot, desk.world.assets["ETH"]).balance == amount("3")
    assert set(desk.state.wallets[cross].holdings) == {VALUATION_ASSET}
