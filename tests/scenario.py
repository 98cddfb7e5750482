"""A small language for rule tests, so that they read like a trader's notes.

    world = World()
    world.instrument("BTC")
    world.account("ann", cross="1500")
    world.mark(BTC="10000")
    world.buy("ann", "BTC", "1.2", leverage=8)

Numbers go in and come out as decimal text. Every verb executes one command (a leverage or margin
mode given to an order is set first), keeps its events in `world.events`, and returns them.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from simulator.core.exchange import Exchange
from simulator.core.model import commands as c
from simulator.core.model.accounts import INSURANCE_FUND, SHORTFALL
from simulator.core.model.enums import (
    InstrumentKind,
    ListType,
    MarginMode,
    MarketState,
    MarkMethod,
    OrderType,
    PositionMode,
    PositionSide,
    Side,
    TimeInForce,
    TriggerSource,
    WalletKind,
)
from simulator.core.model.events import (
    AnyEvent,
    CommandRejected,
    OrderCanceled,
    OrderRejected,
    OrderRepeated,
    TradeExecuted,
)
from simulator.core.model.instruments import VALUATION_ASSET, Asset, Instrument, WorldParameters
from simulator.core.model.rejects import RejectReason
from simulator.core.model.triggers import Trigger
from simulator.core.model.units import NS_PER_SECOND
from simulator.core.rules import margin
from simulator.core.state.records import InstrumentRecord, Order, Position, Wallet

Events = tuple[AnyEvent, ...]

AMOUNT_DECIMALS = 8
START_NS = 1_700_000_000 * NS_PER_SECOND
BTC_ASSET = 2

ONE_TIER = "0.4%:125"
THREE_TIERS = "50000:0.4%:125 250000:0.5%:100 1%:50"


def scaled(text: str, decimals: int) -> int:
    """Decimal text as an integer in `10 ** -decimals`; exact or an error."""
    value = Decimal(text).scaleb(decimals)
    if value != int(value):
        raise ValueError(f"{text} has more than {decimals} decimals")
    return int(value)


def plain(value: int, decimals: int) -> str:
    """The reverse of `scaled`, without trailing zeros or exponent."""
    text = format(Decimal(value).scaleb(-decimals).normalize(), "f")
    return "0" if text in ("-0", "") else text


def amount(text: str) -> int:
    return scaled(text, AMOUNT_DECIMALS)


def rate(text: str) -> int:
    """`0.4%` or `0.004` in 1e-12."""
    if text.endswith("%"):
        return scaled(text[:-1], 10)
    return scaled(text, 12)


def tier_rows(text: str) -> tuple[tuple[int, int | None, int, int], ...]:
    """`50000:0.4%:125 1%:50` as rows: cap, maintenance rate, highest leverage; the last is open."""
    rows: list[tuple[int, int | None, int, int]] = []
    floor = 0
    for part in text.split():
        *cap, maintenance, leverage = part.split(":")
        ceiling = amount(cap[0]) if cap else None
        rows.append((floor, ceiling, rate(maintenance), int(leverage)))
        floor = ceiling or 0
    return tuple(rows)


def instrument_terms(instrument_id: int, symbol: str, **changes: Any) -> Instrument:
    """A contract without fees, 0.01 by 0.001; any field may be given otherwise."""
    fields: dict[str, Any] = {
        "instrument_id": instrument_id,
        "symbol": symbol,
        "kind": InstrumentKind.PERPETUAL,
        "base": symbol,
        "quote_asset_id": VALUATION_ASSET,
        "price_decimals": 2,
        "quantity_decimals": 3,
        "tick_size": 1,
        "lot_size": 1,
        "min_quantity": 1,
        "max_quantity": 10**9,
        "max_market_quantity": 10**9,
        "min_notional": 0,
        "price_band_rate": rate("10%"),
        "max_open_orders": 100,
        "maker_fee_rate": 0,
        "taker_fee_rate": 0,
        "liquidation_fee_rate": rate("1.25%"),
        "sell_assumption_rate": rate("0.15%"),
        "mark_method": MarkMethod.INDEX,
        "index_staleness_ns": None,
        "default_leverage": 3,
    }
    fields |= changes
    spare = AMOUNT_DECIMALS - fields["price_decimals"] - fields["quantity_decimals"]
    fields.setdefault("notional_multiplier", 10 ** max(0, spare))
    return Instrument(**fields)


class World:
    """One exchange, told in names and decimal text."""

    def __init__(self, fund: str = "0", **parameters: Any) -> None:
        """World parameters, and `borrow_rate`: of the valuation asset, per day."""
        borrow_rate = parameters.pop("borrow_rate", "0")
        self.exchange = Exchange()
        self.time_ns = START_NS
        self.events: Events = ()
        self.names: dict[str, int] = {}
        self.symbols: dict[str, int] = {}
        self.assets: dict[str, int] = {"USDT": VALUATION_ASSET, "BTC": BTC_ASSET}
        self.run(
            c.DefineAsset(Asset(VALUATION_ASSET, "USDT", AMOUNT_DECIMALS, 0, rate(borrow_rate)))
        )
        self.run(c.DefineAsset(Asset(BTC_ASSET, "BTC", AMOUNT_DECIMALS)))
        if parameters:
            self.run(c.ConfigureWorld(WorldParameters(**parameters)))
        if Decimal(fund):
            self.run(c.Deposit(INSURANCE_FUND, VALUATION_ASSET, amount(fund)))

    def run(self, command: c.AnyCommand) -> Events:
        """Executes any command one millisecond after the one before."""
        self.time_ns += 1_000_000
        self.events = self.exchange.execute(self.time_ns, command)
        return self.events

    # -- set up ------------------------------------------------------------------------------

    def instrument(self, symbol: str, tiers: str = ONE_TIER, **terms: Any) -> Events:
        instrument_id = len(self.symbols) + 1
        self.symbols[symbol] = instrument_id
        listed = instrument_terms(instrument_id, symbol, **terms)
        return self.run(c.ListInstrument(listed, tier_rows(tiers)))

    def account(self, name: str, cross: str = "0", spot: str = "0", **fees: Any) -> int:
        """Opens an account; fees are `maker_fee_rate` and `taker_fee_rate` in 1e-12."""
        self.run(c.OpenAccount(**fees))
        self.names[name] = account_id = self.exchange.state.counters.account
        if Decimal(cross):
            self.deposit(name, cross)
        if Decimal(spot):
            self.deposit(name, spot, "SPOT")
        return account_id

    def deposit(self, name: str, text: str, kind: str = "CROSS", asset: str = "USDT") -> Events:
        wallet = self.wallet(name, kind)
        return self.run(c.Deposit(wallet.wallet_id, self.assets[asset], amount(text)))

    def mark(self, **prices: str) -> Events:
        """`world.mark(BTC="10000", ETH="500")`: one SetIndexPrices."""
        rows = [(self.symbols[each], self.price(each, text)) for each, text in prices.items()]
        return self.run(c.SetIndexPrices(tuple(rows)))

    def tiers(self, symbol: str, text: str) -> Events:
        return self.run(c.SetRiskTiers(self.symbols[symbol], tier_rows(text)))

    def record(self, symbol: str) -> InstrumentRecord:
        return self.exchange.state.instruments[self.symbols[symbol]]

    def mark_of(self, symbol: str) -> str:
        record = self.record(symbol)
        return plain(margin.mark_of(record), record.terms.price_decimals)

    def go_to(self, time_ns: int) -> Events:
        """AdvanceTime to a moment; what is paged on the way is continued."""
        self.time_ns = time_ns - 1_000_000
        events = self.run(c.AdvanceTime(time_ns))
        while self.exchange.state.is_paging:
            while self.exchange.state.is_paging:
                events += self.exchange.execute(time_ns, c.ContinueSweep())
            events += self.exchange.execute(time_ns, c.AdvanceTime(time_ns))
        self.time_ns = time_ns
        self.events = events
        return events

    def halt(self, symbol: str) -> Events:
        return self.run(c.SetMarketState(self.symbols[symbol], MarketState.HALTED))

    def auction(self, symbol: str) -> Events:
        return self.run(c.SetMarketState(self.symbols[symbol], MarketState.AUCTION))

    def close(self, symbol: str, at: str | None = None) -> Events:
        price = None if at is None else self.price(symbol, at)
        return self.run(c.SetMarketState(self.symbols[symbol], MarketState.CLOSED, price))

    def reopen(self, symbol: str) -> Events:
        return self.run(c.SetMarketState(self.symbols[symbol], MarketState.OPEN))

    # -- trading -----------------------------------------------------------------------------

    def buy(self, name: str, symbol: str, quantity: str, **options: Any) -> Events:
        return self.run(self.order(name, symbol, Side.BUY, quantity, **options))

    def sell(self, name: str, symbol: str, quantity: str, **options: Any) -> Events:
        return self.run(self.order(name, symbol, Side.SELL, quantity, **options))

    def order(
        self,
        name: str,
        symbol: str,
        side: Side,
        quantity: str,
        *,
        at: str | None = None,
        tif: str = "GTC",
        leverage: int | None = None,
        mode: str | None = None,
        of: str | None = None,
        **flags: Any,
    ) -> c.PlaceOrder:
        """The command of an order: a limit order if `at` a price, else a market order.

        `of` is the position side that it names in hedge mode. Flags: post_only, reduce_only,
        keep_margin, client_order_id.
        """
        if mode is not None:
            self.mode(name, symbol, mode)
        if leverage is not None:
            self.leverage(name, symbol, leverage)
        return c.PlaceOrder(
            self.names[name],
            self.symbols[symbol],
            side,
            OrderType.MARKET if at is None else OrderType.LIMIT,
            self.quantity(symbol, quantity),
            None if at is None else self.price(symbol, at),
            TimeInForce[tif],
            position_side=None if of is None else PositionSide[of],
            **flags,
        )

    def stop(
        self, name: str, symbol: str, side: str, quantity: str = "0", **options: Any
    ) -> Events:
        """A trigger order: see `trigger_order`."""
        return self.run(self.trigger_order(name, symbol, side, quantity, **options))

    def trigger_order(
        self,
        name: str,
        symbol: str,
        side: str,
        quantity: str = "0",
        *,
        trigger: str | None = None,
        on: str = "MARK",
        kind: str = "STOP",
        at: str | None = None,
        callback: str | None = None,
        activation: str | None = None,
        tif: str = "GTC",
        **flags: Any,
    ) -> c.PlaceOrder:
        """A stop or take-profit order (`kind`), a limit order if `at` a price; or a trailing stop.

        A quantity of 0 is that of `close_position`, and of an order that waits for an entry.
        """
        if callback is not None:
            order_type = OrderType.TRAILING_STOP_MARKET
        else:
            order_type = OrderType[f"{kind}_{'MARKET' if at is None else 'LIMIT'}"]
        return c.PlaceOrder(
            self.names[name],
            self.symbols[symbol],
            Side[side],
            order_type,
            self.quantity(symbol, quantity),
            None if at is None else self.price(symbol, at),
            TimeInForce[tif],
            trigger=Trigger(
                TriggerSource[on],
                None if trigger is None else self.price(symbol, trigger),
                None if callback is None else rate(callback),
                None if activation is None else self.price(symbol, activation),
            ),
            **flags,
        )

    def order_list(self, name: str, kind: str, *orders: c.PlaceOrder) -> Events:
        return self.run(c.PlaceOrderList(self.names[name], ListType[kind], orders))

    def cancel_list(self, name: str, list_id: int) -> Events:
        return self.run(c.CancelOrderList(self.names[name], list_id))

    def countdown(self, name: str, seconds: int | None, symbol: str | None = None) -> Events:
        """Arms the dead man's switch, or disarms it."""
        countdown_ns = None if seconds is None else seconds * NS_PER_SECOND
        instrument_id = None if symbol is None else self.symbols[symbol]
        return self.run(c.CountdownCancelAll(self.names[name], countdown_ns, instrument_id))

    def in_seconds(self, seconds: int) -> int:
        """A time from the next command on."""
        return self.time_ns + 1_000_000 + seconds * NS_PER_SECOND

    def quotes(self, name: str, symbol: str, bids: str = "", asks: str = "") -> Events:
        """`world.quotes("mia", "BTC", bids="99 x 5, 98 x 10", asks="101 x 5")`."""
        return self.run(
            c.ReplaceQuotes(
                self.names[name],
                self.symbols[symbol],
                self._levels(symbol, bids),
                self._levels(symbol, asks),
            )
        )

    def maker(self, symbol: str, bids: str = "", asks: str = "", name: str = "maker") -> Events:
        """Quotes of a rich market maker, who is opened at first use."""
        if name not in self.names:
            self.account(name, cross="100000000", maker_fee_rate=0, taker_fee_rate=0)
        account_id, instrument_id = self.names[name], self.symbols[symbol]
        if self.exchange.state.settings(account_id, instrument_id).margin_mode != MarginMode.CROSS:
            self.mode(name, symbol, "CROSS")
        return self.quotes(name, symbol, bids, asks)

    def _levels(self, symbol: str, text: str) -> tuple[tuple[int, int], ...]:
        levels = [part.split(" x ") for part in text.split(", ") if part]
        return tuple((self.price(symbol, at), self.quantity(symbol, each)) for at, each in levels)

    def amend(
        self,
        name: str,
        order_id: int,
        at: str | None = None,
        quantity: str | None = None,
        trigger: str | None = None,
    ) -> Events:
        order = self.exchange.state.orders.get(order_id)
        symbol = "BTC" if order is None else self.symbol_of(order.instrument_id)
        return self.run(
            c.AmendOrder(
                self.names[name],
                order_id,
                None if at is None else self.price(symbol, at),
                None if quantity is None else self.quantity(symbol, quantity),
                None if trigger is None else self.price(symbol, trigger),
            )
        )

    def cancel(self, name: str, order_id: int) -> Events:
        return self.run(c.CancelOrder(self.names[name], order_id))

    def cancel_all(self, name: str, symbol: str | None = None) -> Events:
        instrument_id = None if symbol is None else self.symbols[symbol]
        return self.run(c.CancelAllOrders(self.names[name], instrument_id))

    # -- settings, money, time -----------------------------------------------------------------

    def leverage(self, name: str, symbol: str, leverage: int) -> Events:
        return self.run(c.SetLeverage(self.names[name], self.symbols[symbol], leverage))

    def mode(self, name: str, symbol: str, mode: str) -> Events:
        command = c.SetMarginMode(self.names[name], self.symbols[symbol], MarginMode[mode])
        return self.run(command)

    def hedge(self, name: str) -> Events:
        return self.run(c.SetPositionMode(self.names[name], PositionMode.HEDGE))

    def transfer(
        self,
        name: str,
        text: str,
        source: str,
        target: str,
        at: tuple[str, str] | None = None,
        asset: str = "USDT",
    ) -> Events:
        """`at` is the symbol and position side of an ISOLATED wallet: ("BTC", "LONG").

        The side of a pair's wallet is "PAIR".
        """
        return self.run(
            c.TransferFunds(
                self.names[name],
                WalletKind[source],
                WalletKind[target],
                self.assets[asset],
                amount(text),
                None if at is None else self.symbols[at[0]],
                None if at is None or at[1] == "PAIR" else PositionSide[at[1]],
            )
        )

    def wait(self, seconds: int) -> Events:
        """AdvanceTime by so many seconds; what is paged on the way is continued."""
        self.time_ns += seconds * NS_PER_SECOND
        events = self.run(c.AdvanceTime(self.time_ns))
        while self.exchange.state.is_paging:
            events += self.run(c.ContinueSweep())
            events += self.run(c.AdvanceTime(self.time_ns))
        self.events = events
        return events

    # -- what is ------------------------------------------------------------------------------

    def price(self, symbol: str, text: str) -> int:
        return scaled(text, self._terms(symbol).price_decimals)

    def quantity(self, symbol: str, text: str) -> int:
        return scaled(text, self._terms(symbol).quantity_decimals)

    def _terms(self, symbol: str) -> Instrument:
        return self.exchange.state.instruments[self.symbols[symbol]].terms

    def symbol_of(self, instrument_id: int) -> str:
        return self.exchange.state.instruments[instrument_id].terms.symbol

    def name_of(self, account_id: int) -> str:
        named = [name for name, each in self.names.items() if each == account_id]
        return named[0] if named else "fund"

    def wallet(self, name: str, kind: str = "CROSS", at: tuple[str, str] | None = None) -> Wallet:
        state = self.exchange.state
        if at is not None:
            side = None if at[1] == "PAIR" else PositionSide[at[1]]
            key = (self.names[name], self.symbols[at[0]], side)
            return state.isolated_wallets[key]
        account = state.accounts[self.names[name]]
        return state.wallets[account.spot_wallet_id if kind == "SPOT" else account.cross_wallet_id]

    def balance(self, name: str, kind: str = "CROSS", at: tuple[str, str] | None = None) -> str:
        wallet = self.wallet(name, kind, at)
        return plain(self.exchange.state.holding(wallet.wallet_id).balance, AMOUNT_DECIMALS)

    def locked(self, name: str) -> str:
        holding = self.exchange.state.holding(self.wallet(name).wallet_id)
        return plain(holding.locked, AMOUNT_DECIMALS)

    def fund(self) -> str:
        return plain(self.exchange.state.holding(INSURANCE_FUND).balance, AMOUNT_DECIMALS)

    def shortfall(self) -> str:
        ledger = self.exchange.state.ledger
        return plain(-ledger.balance(SHORTFALL, VALUATION_ASSET), AMOUNT_DECIMALS)

    def risk(self, name: str, at: tuple[str, str] | None = None) -> dict[str, str]:
        """equity, maintenance, call, initial, free of CROSS or of an isolated wallet."""
        state = self.exchange.state
        risk = margin.assess(state, self.wallet(name, at=at).wallet_id)
        amounts = {
            "equity": risk.equity,
            "maintenance": risk.maintenance_margin,
            "call": risk.call_margin,
            "initial": margin.initial_margin(state, risk),
            "free": margin.free_collateral(state, risk),
        }
        return {key: plain(value, AMOUNT_DECIMALS) for key, value in amounts.items()}

    def position(self, name: str, symbol: str, side: str | None = None) -> tuple[str, str] | None:
        """Signed quantity and signed entry notional, or none; of a hedge the side is named."""
        position = self.position_of(name, symbol, side)
        if position is None:
            return None
        decimals = self._terms(symbol).quantity_decimals
        entry = plain(position.entry_notional, AMOUNT_DECIMALS)
        return plain(position.quantity, decimals), entry

    def position_of(self, name: str, symbol: str, side: str | None = None) -> Position | None:
        account_id = self.names.get(name, 1)
        exposure = self.exchange.state.find_exposure(account_id, self.symbols[symbol])
        return None if exposure is None else exposure.leg(PositionSide[side] if side else None)

    def open_orders(self, name: str) -> list[str]:
        """`7 BUY 0.5 BTC at 99`, oldest first."""
        state = self.exchange.state
        by_instrument = state.exposures.get(self.names[name], {})
        orders = [order for each in by_instrument.values() for order in each.orders.values()]
        return [self.order_text(order) for order in sorted(orders, key=lambda each: each.order_id)]

    def order_text(self, order: Order) -> str:
        symbol = self.symbol_of(order.instrument_id)
        terms = self._terms(symbol)
        quantity = plain(order.remaining, terms.quantity_decimals)
        price = plain(order.price, terms.price_decimals)
        return f"{order.order_id} {order.side.name} {quantity} {symbol} at {price}"

    def waiting(self, name: str) -> list[str]:
        """`7 UNTRIGGERED 0.5`: the orders that wait for a trigger or an entry, oldest first."""
        state = self.exchange.state
        return [
            f"{order.order_id} {order.status.name} "
            + plain(order.quantity, state.instruments[order.instrument_id].terms.quantity_decimals)
            for order in state.orders.values()
            if order.account_id == self.names[name] and order.is_waiting
        ]

    def canceled(self) -> list[tuple[int, str]]:
        """The orders that the last command canceled, and why."""
        return [(each.order_id, each.reason.name) for each in self.happened(OrderCanceled)]

    def traded(self) -> list[tuple[str, str]]:
        """Price and quantity of the last command's trades."""
        found = []
        for each in self.happened(TradeExecuted):
            terms = self.exchange.state.instruments[each.instrument_id].terms
            price = plain(each.price, terms.price_decimals)
            found.append((price, plain(each.quantity, terms.quantity_decimals)))
        return found

    def refusal(self) -> tuple[RejectReason, int | None, int | None] | None:
        """The reason and the numbers of the last command's refusal (ORD-10); none: not refused."""
        for event in self.events:
            if isinstance(event, OrderRejected | CommandRejected):
                return event.reason, event.needed, event.available
            if isinstance(event, OrderRepeated) and event.reason is not None:
                return event.reason, event.needed, event.available
        return None

    def refused(self) -> tuple[str, int | None, int | None] | None:
        """As `refusal`, the reason by name."""
        found = self.refusal()
        return None if found is None else (found[0].name, found[1], found[2])

    def reason(self) -> str | None:
        refused = self.refusal()
        return None if refused is None else refused[0].name

    def happened(self, *kinds: type[Any]) -> Sequence[Any]:
        """The last command's events of these kinds."""
        return [event for event in self.events if isinstance(event, kinds)]

    def total(self, asset: str = "USDT") -> int:
        """All there is of an asset in the world, by full sum: zero (LED-3)."""
        state, wanted = self.exchange.state, self.assets[asset]
        wallets = sum(state.holding(each, wanted).balance for each in state.wallets)
        accounts = sum(
            balance
            for (_, asset_id), balance in state.ledger.balances.items()
            if asset_id == wanted
        )
        return wallets + accounts
