"""A small market that lends, and everything that its members may do, drawn by dice.

Two coins for spot and a perpetual on one of them; members in CROSS and in isolated wallets, one of
them hedged; loans, shorts, orders that wait, lists, auctions, transfers, gaps, haircuts. Four
exchanges do the same: one with the watch, one that looks at everybody at every price, one restored
from a snapshot, one folded. Ledgers sum to zero per asset, nobody falls below zero, lines are those
of the naive twin, and after every command nobody who should be called or liquidated is left.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

import msgspec

from simulator.core.codec import decode_snapshot, encode_snapshot, state_hash
from simulator.core.exchange import Exchange
from simulator.core.model import commands as c
from simulator.core.model import events as e
from simulator.core.model.accounts import LENDING_POOL
from simulator.core.model.enums import (
    MarketState,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
    TransferKind,
    WalletKind,
)
from simulator.core.model.units import NS_PER_HOUR, NS_PER_SECOND
from simulator.core.rules import margin, spot_risk
from simulator.core.state.records import Wallet
from tests.properties.promise import Promise
from tests.properties.proof import EveryUnit
from tests.scenario import rate
from tests.spot_scenario import SpotWorld
from tests.twins.naive_debts import lines_of

PAIRS = ("ETHUSDT", "SOLUSDT")
PERPETUAL = "ETH-PERP"
TRADERS = ("ann", "ben", "cid", "dan")
MODES = {"ann": "CROSS", "ben": "ISOLATED", "cid": "CROSS", "dan": "ISOLATED"}


KINDS = (
    *("order", "order", "order", "quote", "quote", "move", "move", "gap", "cancel", "borrow"),
    *("repay", "transfer", "wait", "haircut", "amend", "product", "halt"),
    *("perpetual", "perpetual", "perpetual", "quote perpetual", "quote perpetual"),
    *("stop", "stop", "list", "auction"),
)


class Market(SpotWorld):
    """A small lending market whose every command is done three times and checked."""

    def __init__(self) -> None:
        self.every: Exchange | None = None
        self.restored: Exchange | None = None
        self.folded = Exchange()
        self.counts: Counter[str] = Counter()
        self.pools: Counter[int] = Counter()
        super().__init__(fund="500", borrow_rate="2.4%", page_size=2)
        fees: dict[str, Any] = {"maker_fee_rate": rate("0.1%"), "taker_fee_rate": rate("0.1%")}
        self.spot("ETHUSDT", "ETH", haircut="5%", borrow_rate="1.2%", cap="300", **fees)
        self.spot("SOLUSDT", "SOL", borrow_rate="24%", quantity_decimals=1, **fees)
        tiers = "50000:1%:50 200000:3%:20 10%:5"
        self.instrument(PERPETUAL, tiers, funding_interval_ns=NS_PER_HOUR)
        for name in TRADERS:
            self.account(name, cross="5000", spot="1000")
            self.product(name, 5 if name == "ann" else 3)
        self.hedge("cid")
        self.account("mia", spot="5000000", cross="5000000")
        for asset in ("ETH", "SOL"):
            self.deposit("mia", "2000", "SPOT", asset)
            self.pool(asset, "400")
        self.pool("USDT", "60000")
        self.mark(**{"ETHUSDT": "2000", "SOLUSDT": "100", PERPETUAL: "2000"})
        self.mode("mia", PERPETUAL, "CROSS")
        for name, mode in MODES.items():
            for pair in PAIRS:
                self.mode(name, pair, mode)
            self.mode(name, PERPETUAL, mode)
        self.every = Exchange(decode_snapshot(encode_snapshot(self.exchange.state)))
        self.every._watch = EveryUnit(self.every.state)
        self.restored = Exchange(decode_snapshot(encode_snapshot(self.exchange.state)))

    def run(self, command: c.AnyCommand) -> tuple[e.AnyEvent, ...]:
        promise = None
        if isinstance(command, c.PlaceOrder):
            promise = Promise(self.exchange.state, command)
        events = super().run(command)
        if promise is not None:
            promise.check(events)
        self.folded.fold(self.time_ns, command, events)
        if isinstance(command, c.FundLendingPool) and self.refusal() is None:
            self.pools[command.asset_id] += command.amount
        if self.every is None or self.restored is None:
            return events
        assert self.every.execute(self.time_ns, command) == events, "risk_watch missed a unit"
        assert self.restored.execute(self.time_ns, command) == events, "a snapshot forgot something"
        self.counts.update(type(event).__name__ for event in events)
        self.counts.update(happenings(self, events))
        self.check()
        return events

    def settle(self) -> None:
        pages = 0
        while self.exchange.state.is_paging:
            pages += 1
            assert pages < 200, "the sweep does not end"
            self.run(c.ContinueSweep())

    def check_everything(self) -> None:
        """What is too slow to check after every command."""
        self.check()
        assert state_hash(self.folded.state) == state_hash(self.exchange.state), "folding differs"

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
        held = state.unit_positions.get(wallet.wallet_id, {})
        if naive.initial is not None:
            assert margin.initial_margin(state, risk) == naive.initial
        exposed = bool(held) or wallet.wallet_id in state.debtors
        if wallet.wallet_id in state.pending_sweep or state.funding_runs or not exposed:
            return
        exposures = spot_risk.exposures_of(state, wallet)
        records = [each.record for each in exposures]
        records += [state.instruments[instrument_id] for instrument_id, _ in held]
        if all(each.market_state is MarketState.OPEN for each in records):
            assert naive.equity > naive.maintenance, "it should have been liquidated (LIQ-1)"
        if records and naive.equity <= naive.call:
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
        prices = [(market.symbols[pair], price)]
        if base == "ETH":
            basis = 1000 + dice.choice((0, 0, 0, 5, -5))
            prices.append((market.symbols[PERPETUAL], price * basis // 1000))
        market.run(c.SetIndexPrices(tuple(prices)))
    elif kind in ORDERS:
        ORDERS[kind](market, dice, (name, pair))
    else:
        act_on_money(market, dice, kind, (name, pair, base))
    market.settle()


def act_on_money(market: Market, dice: Random, kind: str, who: tuple[str, str, str]) -> None:
    name, pair, base = who
    asset = dice.choice(("USDT", base))
    isolated = MODES[name] == "ISOLATED"
    text = dice.choice(("0.5", "3", "40", "900", "2500"))
    orders = [each for each, of in market.exchange.state.orders.items() if not of.is_waiting]
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


# -- perpetuals, and orders that wait --------------------------------------------------------------


def trade_perpetual(market: Market, dice: Random, who: tuple[str, str]) -> None:
    """At market mostly, and mostly more than a prudent member would."""
    name, _ = who
    side = dice.choice((Side.BUY, Side.SELL))
    leg = None
    if name == "cid":
        leg = dice.choice((PositionSide.LONG, PositionSide.SHORT))
    record = market.record(PERPETUAL)
    limit = None
    if dice.random() < 0.3:
        limit = (record.mark_price or 1) * (1000 + dice.randint(-6, 6)) // 1000
    market.run(
        c.PlaceOrder(
            market.names[name],
            market.symbols[PERPETUAL],
            side,
            OrderType.MARKET if limit is None else OrderType.LIMIT,
            dice.choice((200, 1_000, 4_000, 12_000)),
            limit,
            position_side=leg,
        )
    )


def quote_perpetual(market: Market, dice: Random, who: tuple[str, str]) -> None:
    mark = market.record(PERPETUAL).mark_price or 1
    quantity = dice.choice((500, 5_000, 50_000))
    bid, ask = max(1, mark * 998 // 1000), mark * 1002 // 1000 + 1
    sides = ((((bid, quantity),), ((ask, quantity),)), ((), ()))[dice.random() < 0.1]
    market.run(c.ReplaceQuotes(market.names["mia"], market.symbols[PERPETUAL], *sides))


def waiting_order(market: Market, dice: Random, who: tuple[str, str]) -> c.PlaceOrder:
    """A stop or a take-profit on a coin, near its index; it may borrow when it fires."""
    name, pair = who
    side = dice.choice(("BUY", "SELL"))
    index = market.record(pair).index_price or 1
    kind = dice.choice(("STOP", "TAKE_PROFIT"))
    away = (1 if side == "BUY" else -1) * (1 if kind == "STOP" else -1)
    trigger = max(1, index * (1000 + away * dice.randint(1, 25)) // 1000)
    return market.trigger_order(
        name,
        pair,
        side,
        dice.choice(("0.5", "3", "20")),
        trigger=f"{trigger / 100:.2f}",
        on=dice.choice(("MARK", "LAST", "INDEX")),
        kind=kind,
        auto_borrow=dice.random() < 0.8,
    )


def place_stop(market: Market, dice: Random, who: tuple[str, str]) -> None:
    market.run(waiting_order(market, dice, who))


def place_list(market: Market, dice: Random, who: tuple[str, str]) -> None:
    """An entry with a stop behind it, or a limit order and a stop of which one will do."""
    stop = waiting_order(market, dice, who)
    index = market.record(who[1]).index_price or 1
    away = 1000 - int(stop.side) * dice.randint(1, 15)
    if dice.random() < 0.5:
        limit = msgspec.structs.replace(
            stop, order_type=OrderType.LIMIT, price=index * away // 1000, trigger=None
        )
        market.order_list(who[0], "OCO", limit, stop)
        return
    entry = msgspec.structs.replace(
        stop,
        side=Side(-stop.side),
        order_type=OrderType.LIMIT,
        price=index * (1000 - int(stop.side) * dice.randint(-4, 4)) // 1000,
        trigger=None,
    )
    market.order_list(who[0], "OTO", entry, msgspec.structs.replace(stop, quantity=0))


def call_auction(market: Market, dice: Random, who: tuple[str, str]) -> None:
    """Begins one, or ends it; orders of the others come to it meanwhile."""
    pair = who[1]
    if market.record(pair).market_state is MarketState.OPEN:
        market.auction(pair)
    else:
        market.reopen(pair)


ORDERS: dict[str, Callable[[Market, Random, tuple[str, str]], None]] = {
    "perpetual": trade_perpetual,
    "quote perpetual": quote_perpetual,
    "stop": place_stop,
    "list": place_list,
    "auction": call_auction,
}


# -- what happened ---------------------------------------------------------------------------------


def happenings(market: Market, events: Sequence[e.AnyEvent]) -> Iterator[str]:
    """Names of what is worth reaching, of one command."""
    pairs = {market.symbols[pair] for pair in PAIRS}
    fired = False
    for event in events:
        match event:
            case e.OrderTriggered():
                fired = True
                yield "a stop on a coin fired"
            case e.FundsLocked() if fired and event.loan:
                yield "a stop borrowed when it fired"
            case e.OrderCanceled() if event.needed is not None:
                yield "a fired order failed its check"
            case e.OrderWoken():
                yield "an exit woke"
            case e.AuctionUncrossed() if event.instrument_id in pairs:
                yield "a coin's auction uncrossed"
            case e.MarginCallIssued() if event.amount_to_repay and event.instrument_id not in pairs:
                yield "a position and a debt called together"
            case e.LiquidationStarted() if len({each in pairs for each, _ in event.marks}) > 1:
                yield "a position and a coin liquidated together"
            case e.PositionDeleveraged():
                yield "deleveraged"
            case e.Transferred() if event.kind is TransferKind.BORROW and event.order_id:
                yield "borrowed by an order"
            case e.Transferred() if event.kind is TransferKind.REPAY:
                yield "repaid"
            case _:
                pass
