"""Random histories of spot margin: loans, shorts, transfers, gaps, haircuts, liquidations.

Three exchanges do the same: one with the watch, one that looks at everybody at every price, and one
restored from a snapshot. Ledgers sum to zero per asset, nobody falls below zero, lines are those of
the naive twin, and after every command nobody who should be called or liquidated is left.
"""

from collections import Counter
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.core.codec import decode_snapshot, encode_snapshot, state_hash
from simulator.core.exchange import Exchange
from simulator.core.model import commands as c
from simulator.core.model import events as e
from simulator.core.model.accounts import LENDING_POOL
from simulator.core.model.enums import MarketState, OrderType, Side, TimeInForce, WalletKind
from simulator.core.model.units import NS_PER_SECOND
from simulator.core.rules import margin, spot_risk
from simulator.core.state.records import Wallet
from tests.properties.proof import EveryUnit
from tests.scenario import rate
from tests.spot_scenario import SpotWorld
from tests.twins.naive_debts import lines_of

PAIRS = ("ETHUSDT", "SOLUSDT")
TRADERS = ("ann", "ben", "cid", "dan")
MODES = {"ann": "CROSS", "ben": "ISOLATED", "cid": "CROSS", "dan": "ISOLATED"}


KINDS = (
    *("order", "order", "order", "quote", "quote", "move", "move", "gap", "cancel", "borrow"),
    *("repay", "transfer", "wait", "haircut", "amend", "product", "halt"),
)


class Market(SpotWorld):
    """A small lending market whose every command is done three times and checked."""

    def __init__(self) -> None:
        self.every: Exchange | None = None
        self.restored: Exchange | None = None
        self.counts: Counter[str] = Counter()
        self.pools: Counter[int] = Counter()
        super().__init__(fund="500", borrow_rate="2.4%", page_size=2)
        fees: dict[str, Any] = {"maker_fee_rate": rate("0.1%"), "taker_fee_rate": rate("0.1%")}
        self.spot("ETHUSDT", "ETH", haircut="5%", borrow_rate="1.2%", cap="300", **fees)
        self.spot("SOLUSDT", "SOL", borrow_rate="24%", quantity_decimals=1, **fees)
        for name in TRADERS:
            self.account(name, cross="5000", spot="1000")
            self.product(name, 5 if name == "ann" else 3)
        self.account("mia", spot="5000000")
        for asset in ("ETH", "SOL"):
            self.deposit("mia", "2000", "SPOT", asset)
            self.pool(asset, "400")
        self.pool("USDT", "60000")
        self.mark(ETHUSDT="2000", SOLUSDT="100")
        for name, mode in MODES.items():
            for pair in PAIRS:
                self.mode(name, pair, mode)
        self.every = Exchange(decode_snapshot(encode_snapshot(self.exchange.state)))
        self.every._watch = EveryUnit(self.every.state)
        self.restored = Exchange(decode_snapshot(encode_snapshot(self.exchange.state)))

    def run(self, command: c.AnyCommand) -> tuple[e.AnyEvent, ...]:
        events = super().run(command)
        if isinstance(command, c.FundLendingPool) and self.refusal() is None:
            self.pools[command.asset_id] += command.amount
        if self.every is None or self.restored is None:
            return events
        assert self.every.execute(self.time_ns, command) == events, "risk_watch missed a unit"
        assert self.restored.execute(self.time_ns, command) == events, "a snapshot forgot something"
        self.counts.update(type(event).__name__ for event in events)
        self.check()
        return events

    def settle(self) -> None:
        while self.exchange.state.pending_sweep:
            self.run(c.ContinueSweep())

    def check(self) -> None:
        state = self.exchange.state
        for asset, asset_id in self.assets.items():
            assert self.total(asset) == 0
            owed = sum(
                holding.borrowed + holding.settlement_debt
                for wallet in state.wallets.values()
                for each, holding in wallet.holdings.items()
                if each == asset_id
            )
            assert state.ledger.balance(LENDING_POOL, asset_id) + owed == self.pools[asset_id]
        for wallet in state.wallets.values():
            for holding in wallet.holdings.values():
                fields = (holding.balance, holding.locked, holding.borrowed, holding.interest)
                assert min(fields) >= 0, "nobody falls below zero (LIQ-8)"
            is_spot = wallet.kind == WalletKind.SPOT
            if is_spot:
                assert all(h.locked <= h.balance for h in wallet.holdings.values())
            elif state.is_unit(wallet.wallet_id):
                self.check_unit(wallet)

    def check_unit(self, wallet: Wallet) -> None:
        state = self.exchange.state
        risk = margin.assess(state, wallet.wallet_id)
        naive = lines_of(state, wallet)
        assert (risk.equity, risk.collateral) == (naive.equity, naive.collateral)
        assert (risk.maintenance_margin, risk.call_margin) == (naive.maintenance, naive.call)
        assert margin.initial_margin(state, risk) == naive.initial
        if wallet.wallet_id in state.pending_sweep or wallet.wallet_id not in state.debtors:
            return
        exposures = spot_risk.exposures_of(state, wallet)
        if all(each.record.market_state is MarketState.OPEN for each in exposures):
            assert naive.equity > naive.maintenance, "it should have been liquidated (LIQ-1)"
        if exposures and naive.equity <= naive.call:
            assert wallet.margin_call is not None, "it should have been called (CALL-1)"


def act(market: Market, dice: Random) -> None:
    """One command, drawn."""
    name, pair = dice.choice(TRADERS), dice.choice(PAIRS)
    base = pair[:3]
    state = market.exchange.state
    index = state.instruments[market.symbols[pair]].index_price or 1
    kind = dice.choice(KINDS)
    if kind == "order":
        quantity = dice.choice((1, 5, 20, 60)) * (1000 if base == "ETH" else 200) // 10
        price = index * (1000 + dice.randint(-12, 12)) // 1000
        market_order = dice.random() < 0.4
        market.run(
            c.PlaceOrder(
                market.names[name],
                market.symbols[pair],
                dice.choice((Side.BUY, Side.SELL)),
                OrderType.MARKET if market_order else OrderType.LIMIT,
                quantity,
                None if market_order else max(1, price),
                dice.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)),
                auto_borrow=dice.random() < 0.9,
                auto_repay=dice.random() < 0.8,
            )
        )
    elif kind == "quote":
        quantity = dice.choice((500, 5_000, 50_000))
        bid, ask = max(1, index * 998 // 1000), index * 1002 // 1000 + 1
        levels = ((((bid, quantity),), ((ask, quantity),)), ((), ()))[dice.random() < 0.1]
        market.run(c.ReplaceQuotes(market.names["mia"], market.symbols[pair], *levels))
    elif kind in ("move", "gap"):
        wide = 400 if kind == "gap" else 40
        moved = index * (1000 + dice.randint(-wide, wide)) // 1000
        start = 200_000 if base == "ETH" else 10_000
        price = min(max(moved, start // 5), start * 5)
        market.run(c.SetIndexPrices(((market.symbols[pair], price),)))
    else:
        act_on_money(market, dice, kind, (name, pair, base))
    market.settle()


def act_on_money(market: Market, dice: Random, kind: str, who: tuple[str, str, str]) -> None:
    name, pair, base = who
    asset = dice.choice(("USDT", base))
    isolated = MODES[name] == "ISOLATED"
    text = dice.choice(("0.5", "3", "40", "900", "2500"))
    orders = sorted(market.exchange.state.orders)
    if kind == "cancel":
        market.cancel_all(name)
    elif kind == "borrow":
        market.borrow(name, text, asset, pair if isolated else None)
    elif kind == "repay":
        market.repay(name, dice.choice((None, text)), asset, pair if isolated else None)
    elif kind == "transfer":
        kinds = ("SPOT", "CROSS", "ISOLATED")
        at = (pair, "PAIR")
        market.transfer(name, text, dice.choice(kinds), dice.choice(kinds), at=at, asset=asset)
    elif kind == "wait":
        until = market.time_ns + dice.choice((60, 3_600, 7_200)) * NS_PER_SECOND
        due = market.exchange.next_due()
        while due is not None and due <= until:
            market.time_ns = max(market.time_ns, due)
            market.run(c.AdvanceTime(due))
            market.settle()
            due = market.exchange.next_due()
        market.time_ns = until
    elif kind == "haircut":
        market.haircut(ETH=dice.choice(("0", "5%", "30%")))
    elif kind == "amend" and orders:
        order = market.exchange.state.orders[dice.choice(orders)]
        factor = dice.choice((1, 2, 3, 6))
        price = max(1, order.price * (1000 + dice.randint(-5, 5)) // 1000)
        quantity = max(1, order.quantity * factor // 3)
        new_price = dice.choice((None, price))
        market.run(c.AmendOrder(order.account_id, order.order_id, new_price, quantity))
    elif kind == "product":
        if isolated:
            market.leverage(name, pair, dice.choice((3, 5, 10)))
        else:
            market.product(name, dice.choice((3, 5)))
    elif kind == "halt":
        if market.exchange.state.instruments[market.symbols[pair]].market_state is MarketState.OPEN:
            market.halt(pair)
        else:
            market.reopen(pair)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_random_histories_of_spot_margin(seed: int) -> None:
    dice = Random(seed)
    market = Market()
    for _ in range(120):
        act(market, dice)


def test_the_histories_reach_what_they_are_about() -> None:
    dice = Random(7)
    market = Market()
    for _ in range(1_500):
        act(market, dice)
    for name in ("InterestAccrued", "MarginCallIssued", "LiquidationEnded", "AssetTakenOver"):
        assert market.counts[name] > 0, name
    again = decode_snapshot(encode_snapshot(market.exchange.state))
    assert state_hash(again) == state_hash(market.exchange.state)
