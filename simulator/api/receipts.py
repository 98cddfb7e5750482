"""What a receipt says of an order: its events folded into the order as the command left it.

The live state may be further on by the time a receipt resolves, and further than the disk; the
events of the receipt are neither.
"""

from simulator.api import names
from simulator.api.errors import ApiProblem
from simulator.api.shapes.orders import Fill, Order, OrderListResult, OrderResult
from simulator.api.wire import InstrumentNumbers, Numbers, milliseconds, optional_rate
from simulator.core.model.enums import TransferKind
from simulator.core.model.events import (
    AnyEvent,
    CommandRejected,
    InterestAccrued,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderListAccepted,
    OrderRejected,
    OrderRepeated,
    OrderRested,
    OrderTriggered,
    OrderWoken,
    TradeExecuted,
    Transferred,
)
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.rejects import Refusal
from simulator.runtime.engine import Receipt


class _Folded:
    """An order from its acceptance on, through the events of one command."""

    def __init__(self, of: InstrumentNumbers, accepted: OrderAccepted) -> None:
        self.of = of
        self.accepted = accepted
        self.price = accepted.price
        self.quantity = accepted.quantity
        self.filled = 0
        self.filled_notional = 0
        self.status = "ACCEPTED"
        self.cancel_reason: str | None = None
        self.trades: list[TradeExecuted] = []
        trigger = accepted.trigger
        self.trigger_price = None if trigger is None else trigger.price
        if trigger is not None:
            self.status = "UNTRIGGERED" if accepted.waits_for is None else "PENDING"

    def take(self, event: AnyEvent) -> None:
        order_id = self.accepted.order_id
        if isinstance(event, OrderRested):
            if event.order_id == order_id:
                self.status = "RESTING"
        elif isinstance(event, TradeExecuted):
            if order_id in (event.taker_order_id, event.maker_order_id):
                self._fill(event)
        elif isinstance(event, OrderCanceled):
            if event.order_id == order_id:
                self.status = "CANCELED"
                self.cancel_reason = event.reason._name_
        elif isinstance(event, OrderAmended):
            if event.order_id == order_id:
                self.price, self.quantity = event.price, event.quantity
        elif isinstance(event, OrderWoken):
            if event.order_id == order_id:
                self.status = "UNTRIGGERED"
        elif isinstance(event, OrderTriggered):
            if event.order_id == order_id:
                self.status = "ACCEPTED"
                self.price, self.quantity = event.price, event.quantity

    def _fill(self, trade: TradeExecuted) -> None:
        self.filled += trade.quantity
        self.filled_notional += self.of.terms.notional(trade.quantity, trade.price)
        self.trades.append(trade)
        if self.filled == self.quantity:
            self.status = "FILLED"

    def shape(self, time: int) -> Order:
        of, accepted = self.of, self.accepted
        trigger, expires_ns = accepted.trigger, accepted.expires_ns
        return Order(
            order_id=accepted.order_id,
            client_order_id=accepted.client_order_id,
            symbol=of.symbol,
            side=names.SIDE_NAMES[accepted.side],
            order_type=names.ORDER_TYPE_NAMES[accepted.order_type],
            time_in_force=names.TIME_IN_FORCE_NAMES[accepted.time_in_force],
            price=of.price(self.price),
            quantity=of.quantity(self.quantity),
            filled_quantity=of.quantity(self.filled),
            remaining_quantity=of.quantity(self.quantity - self.filled),
            average_price=of.average_price(self.filled_notional, self.filled),
            status=self.status,
            cancel_reason=self.cancel_reason,
            post_only=accepted.post_only,
            reduce_only=accepted.reduce_only,
            keep_margin=accepted.keep_margin,
            position_side=names.position_side_name(accepted.position_side),
            margin_mode=names.MARGIN_MODE_NAMES[accepted.margin_mode],
            liquidation_id=accepted.liquidation_id,
            trigger_source=None if trigger is None else names.TRIGGER_SOURCE_NAMES[trigger.source],
            trigger_price=of.optional_price(self.trigger_price),
            callback_rate=None if trigger is None else optional_rate(trigger.callback_rate),
            activation_price=(
                None if trigger is None else of.optional_price(trigger.activation_price)
            ),
            close_position=accepted.close_position,
            expires=None if expires_ns is None else milliseconds(expires_ns),
            self_trade_prevention=names.SELF_TRADE_PREVENTION_NAMES[accepted.self_trade_prevention],
            list_id=accepted.list_id,
            waits_for=accepted.waits_for,
            created=time,
            updated=time,
        )


def placed(
    numbers: Numbers, of: InstrumentNumbers, receipt: Receipt
) -> OrderResult | OrderRepeated:
    """The outcome of `PlaceOrder`; a repetition (ORD-7) of an accepted order is for the caller.

    Raises:
        ApiProblem: the order was refused, now or when its client order id was first used.
    """
    first = receipt.events[0]
    if isinstance(first, OrderRejected):
        refusal = Refusal(first.reason, first.needed, first.available)
        raise numbers.problem(refusal, of.instrument_id, receipt.seq)
    if isinstance(first, OrderRepeated):
        if first.reason is None:
            return first
        refusal = Refusal(first.reason, first.needed, first.available)
        raise numbers.problem(refusal, of.instrument_id, receipt.seq)
    if not isinstance(first, OrderAccepted):
        raise AssertionError(f"an order begins with {first!r}")
    folded = _Folded(of, first)
    for event in receipt.events[1:]:
        folded.take(event)
    time = milliseconds(receipt.time_ns)
    fills = [
        fill(numbers, of, trade, trade.taker_order_id == first.order_id, receipt.seq, time)
        for trade in folded.trades
    ]
    return OrderResult(order=folded.shape(time), fills=fills, seq=receipt.seq, time=time)


def placed_list(
    numbers: Numbers, of: InstrumentNumbers, receipt: Receipt
) -> OrderListResult | OrderRepeated:
    """The outcome of `PlaceOrderList`, as `placed`.

    Raises:
        ApiProblem: the list was refused.
    """
    problem = refusal_in(numbers, receipt, of.instrument_id)
    if problem is not None:
        raise problem
    first = receipt.events[0]
    if not isinstance(first, OrderListAccepted):
        outcome = placed(numbers, of, receipt)
        if isinstance(outcome, OrderRepeated):
            return outcome
        raise AssertionError(f"a list begins with {first!r}")
    orders = {
        event.order_id: _Folded(of, event)
        for event in receipt.events
        if isinstance(event, OrderAccepted) and event.list_id == first.list_id
    }
    for event in receipt.events:
        for folded in orders.values():
            folded.take(event)
    time = milliseconds(receipt.time_ns)
    fills = [
        fill(numbers, of, trade, trade.taker_order_id == order_id, receipt.seq, time)
        for order_id, folded in orders.items()
        for trade in folded.trades
    ]
    return OrderListResult(
        list_id=first.list_id,
        list_type=names.LIST_TYPE_NAMES[first.list_type],
        orders=[each.shape(time) for each in orders.values()],
        fills=fills,
        seq=receipt.seq,
        time=time,
    )


def fills_of(
    numbers: Numbers, of: InstrumentNumbers, order_id: int, receipt: Receipt
) -> list[Fill]:
    """What one order traded by a command."""
    time = milliseconds(receipt.time_ns)
    return [
        fill(numbers, of, event, event.taker_order_id == order_id, receipt.seq, time)
        for event in receipt.events
        if isinstance(event, TradeExecuted)
        and order_id in (event.taker_order_id, event.maker_order_id)
    ]


def fill(
    numbers: Numbers,
    of: InstrumentNumbers,
    trade: TradeExecuted,
    is_taker: bool,
    seq: int,
    time: int,
) -> Fill:
    """One side of a trade."""
    taker_side = names.SIDE_NAMES[trade.taker_side]
    return Fill(
        trade_id=trade.trade_id,
        order_id=trade.taker_order_id if is_taker else trade.maker_order_id,
        symbol=of.symbol,
        side=taker_side if is_taker else names.OPPOSITE_SIDES[taker_side],
        price=of.price(trade.price),
        quantity=of.quantity(trade.quantity),
        fee=numbers.amount(trade.taker_fee if is_taker else trade.maker_fee),
        realized_pnl=numbers.amount(
            trade.taker_realized_pnl if is_taker else trade.maker_realized_pnl
        ),
        liquidity="TAKER" if is_taker else "MAKER",
        time=time,
        seq=seq,
    )


def first_interest(receipt: Receipt) -> int:
    """BOR-3: what a loan was charged at once."""
    return sum(event.amount for event in receipt.events if isinstance(event, InterestAccrued))


def repaid(receipt: Receipt) -> tuple[int, int]:
    """Interest and principal of a repayment."""
    paid = dict.fromkeys((TransferKind.INTEREST, TransferKind.REPAY), 0)
    for event in receipt.events:
        if isinstance(event, Transferred) and event.kind in paid:
            paid[event.kind] += event.amount
    return paid[TransferKind.INTEREST], paid[TransferKind.REPAY]


def refusal_in(
    numbers: Numbers,
    receipt: Receipt,
    instrument_id: int | None = None,
    asset_id: int = VALUATION_ASSET,
) -> ApiProblem | None:
    """The refusal of a command other than an order, if it was refused."""
    first = receipt.events[0] if receipt.events else None
    if not isinstance(first, CommandRejected):
        return None
    refusal = Refusal(first.reason, first.needed, first.available)
    return numbers.problem(refusal, instrument_id, receipt.seq, asset_id)
