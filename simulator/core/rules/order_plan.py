"""What an order would do, before it does it: the check of an order and its preview are this.

`plan_order` walks the book as `matching.match` will, without touching it, and adds up what the
order trades, pays and needs (MARG-4, MARG-5, WAL-4). A plan is a value.
"""

from typing import NamedTuple

from simulator.core.model.enums import CancelReason, MarginMode, OrderType, Side, TimeInForce
from simulator.core.model.instruments import tier_at
from simulator.core.model.units import RATE_ONE, divide_up, rate_of_up
from simulator.core.rules import fills, margin
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Order, Settings


class Intent(NamedTuple):
    """An order before it exists: of `PlaceOrder`, or of `AmendOrder` with the order it replaces."""

    account_id: int
    instrument_id: int
    side: Side
    limit: int
    quantity: int
    """What is to be traded or rested; of an amended order what remains."""
    time_in_force: TimeInForce
    reduce_only: bool
    margin_mode: MarginMode
    leverage: int
    order_type: OrderType = OrderType.LIMIT
    replaces: Order | None = None


class Plan(NamedTuple):
    """The outcome of an order as it would be now."""

    intent: Intent
    fills: tuple[tuple[int, int, int], ...]
    """(maker order id, price, quantity) in the order of trading."""
    filled_quantity: int
    filled_notional: int
    fee: int
    resting_quantity: int
    """What of it rests; of a reduce-only order no more than the position allows (ORD-5)."""
    rest_canceled: CancelReason | None
    """Why the rest would be canceled rather than rest."""
    assumed_price: int
    open_loss: int
    """Per quantity unit of what rests (MARG-4)."""
    lock: int
    """What the rest locks in CROSS (isolated)."""
    only_reduces: bool
    needed: int
    available: int

    @property
    def is_covered(self) -> bool:
        """MARG-5."""
        return self.only_reduces or self.needed <= self.available


class _Walk:
    """A walk through the opposite side of the book, as `match` would take it."""

    def __init__(self, state: ExchangeState, intent: Intent, taker_rate: int) -> None:
        self.state = state
        self.intent = intent
        self.taker_rate = taker_rate
        self.terms = state.instruments[intent.instrument_id].terms
        self.fills: list[tuple[int, int, int]] = []
        self.quantity = 0
        self.notional = 0
        self.fee = 0
        self.stopped: CancelReason | None = None
        self.expired: list[Order] = []
        """Own orders in the way, which self-trade prevention would cancel (ORD-6)."""
        self.room: int | None = None
        """What there was in CROSS for fills that it could not cover, if there are any."""
        self.taker = fills.IsolatedSketch(state, intent.account_id, intent.instrument_id)
        if intent.replaces is not None:
            self.taker.released = intent.replaces.locked
        self._makers: dict[int, fills.IsolatedSketch] = {}

    def go(self) -> None:
        intent = self.intent
        side = self.state.books[intent.instrument_id].opposite_side(intent.side)
        for maker in side.orders_within(intent.limit):
            left = intent.quantity - self.quantity
            if intent.reduce_only:
                left = min(left, self.reducible())
            if left == 0:
                break
            if maker.account_id == intent.account_id:
                self._expire(maker)
                continue
            quantity = self._maker_quantity(maker, min(left, maker.remaining))
            if quantity == 0:
                continue
            if not self._taker_may(quantity, maker.price):
                return
            self._fill(maker, quantity)

    def _expire(self, order: Order) -> None:
        """The lock of an own order in the way is free for what comes after it, not before."""
        self.expired.append(order)
        if order.locked and self.fills:
            self._note_room()
        self.taker.released += order.locked

    def _note_room(self) -> None:
        """Notes what there is in CROSS if the fills so far take more (isolated)."""
        room = margin.withdrawal_room(self.state, self.taker.cross_wallet_id, self.taker.released)
        if self.room is None and self.taker.spent > room:
            self.room = room

    def reducible(self) -> int:
        """How much of the position is left that an order of this side could close."""
        net = self.taker.quantity
        return abs(net) if net * self.intent.side < 0 else 0

    def _maker_quantity(self, maker: Order, quantity: int) -> int:
        exposure = self.state.exposures[maker.account_id][maker.instrument_id]
        isolated = maker.margin_mode == MarginMode.ISOLATED
        if not isolated and exposure.reduce_only_orders == 0:
            return quantity
        sketch = self._makers.get(maker.account_id)
        if sketch is None:
            sketch = fills.IsolatedSketch(self.state, maker.account_id, maker.instrument_id)
            self._makers[maker.account_id] = sketch
        if maker.reduce_only:
            net = sketch.quantity
            quantity = min(quantity, abs(net) if net * maker.side < 0 else 0)
        rate = fills.fee_rate_of(self.state, maker, maker=True)
        if isolated and quantity > 0:
            kept = divide_up(maker.locked * (maker.remaining - quantity), maker.remaining)
            sketch.released += maker.locked - kept
            if sketch.refusal(maker.side, quantity, maker.price, rate) is not None:
                sketch.released += kept
                return 0
        sketch.fill(maker.side, quantity, maker.price, rate)
        return quantity

    def _taker_may(self, quantity: int, price: int) -> bool:
        if self.intent.margin_mode != MarginMode.ISOLATED:
            return True
        if self.taker.would_cause_margin_call(self.intent.side, quantity, price, self.taker_rate):
            self.stopped = CancelReason.WOULD_CAUSE_MARGIN_CALL
            return False
        return True

    def _fill(self, maker: Order, quantity: int) -> None:
        net, entry = self.taker.quantity, self.taker.entry
        parts = fills.split_fill(net, entry, self.intent.side, quantity, maker.price, self.terms)
        self.fee += fills.fee_of(parts.closed_notional, self.taker_rate)
        self.fee += fills.fee_of(parts.opened_notional, self.taker_rate)
        self.taker.fill(self.intent.side, quantity, maker.price, self.taker_rate)
        self.fills.append((maker.order_id, maker.price, quantity))
        self.quantity += quantity
        self.notional += self.terms.notional(quantity, maker.price)


def plan_order(state: ExchangeState, intent: Intent) -> Plan:
    """Walks the book up to the limit and rests the rest, in numbers only."""
    record = state.instruments[intent.instrument_id]
    rate = fills.account_fee_rate(state, intent.account_id, intent.instrument_id, maker=False)
    walk = _Walk(state, intent, rate)
    if state.books[intent.instrument_id].would_take(intent.side, intent.limit):
        walk.go()
    left = intent.quantity - walk.quantity
    canceled = walk.stopped
    if canceled is None:
        canceled = why_not_rest(intent, walk.reducible())
    resting = left if canceled is None else 0
    if intent.reduce_only and resting:
        resting = min(resting, max(0, walk.reducible() - _ahead_reduce_only(state, intent)))
        canceled = None if resting else CancelReason.REDUCE_ONLY
    assumed, open_loss = margin_terms(record, intent.side, intent.limit)
    if intent.margin_mode == MarginMode.ISOLATED:
        lock = 0
        if resting and not intent.reduce_only:
            lock = _lock_of_rest(state, intent, walk.taker.quantity, resting, assumed, open_loss)
        needed, available = _isolated_need(state, walk, lock)
    else:
        lock = 0
        needed, available = _cross_need(state, intent, walk, resting, assumed, open_loss)
    return Plan(
        intent,
        tuple(walk.fills),
        walk.quantity,
        walk.notional,
        walk.fee,
        resting,
        canceled if left > 0 else None,
        assumed,
        open_loss,
        lock,
        intent.reduce_only or only_reduces(state, intent),
        needed,
        max(0, available),
    )


def why_not_rest(intent: Intent, reducible: int) -> CancelReason | None:
    """Why what an order could not trade must not rest; none if it may."""
    if intent.reduce_only and reducible == 0:
        return CancelReason.REDUCE_ONLY
    if intent.time_in_force == TimeInForce.GTC:
        return None
    market = intent.order_type == OrderType.MARKET
    return CancelReason.PRICE_BAND if market else CancelReason.IMMEDIATE_OR_CANCEL


def _ahead_reduce_only(state: ExchangeState, intent: Intent) -> int:
    """What resting reduce-only orders nearer to the market, or as near, would reduce (ORD-5)."""
    exposure = state.find_exposure(intent.account_id, intent.instrument_id)
    if exposure is None or exposure.reduce_only_orders == 0:
        return 0
    ahead = 0
    for order in exposure.orders.values():
        if order.reduce_only and order.side == intent.side and order is not intent.replaces:
            if order.price * intent.side >= intent.limit * intent.side:
                ahead += order.remaining
    return ahead


def _isolated_need(state: ExchangeState, walk: _Walk, lock: int) -> tuple[int, int]:
    """WAL-4: what the order takes out of CROSS and locks there, and what there is for it."""
    needed = walk.taker.spent + lock
    if walk.room is not None:
        return needed, walk.room
    cross = walk.taker.cross_wallet_id
    return needed, margin.withdrawal_room(state, cross, walk.taker.released)


def margin_terms(record: InstrumentRecord, side: Side, price: int) -> tuple[int, int]:
    """MARG-4 of a resting order: its assumed price, and its open loss per quantity unit.

    A buy is assumed at its price, a sell at `max(last * 1.0015, mark, price)`. Both terms are
    fixed when the order is accepted or amended.
    """
    mark = margin.mark_of(record)
    multiplier = record.terms.notional_multiplier
    if side == Side.BUY:
        return price, max(0, price - mark) * multiplier
    assumed = max(mark, price)
    if record.last_price is not None:
        one_and_rate = RATE_ONE + record.terms.sell_assumption_rate
        assumed = max(assumed, rate_of_up(record.last_price, one_and_rate))
    return assumed, max(0, mark - price) * multiplier


def only_reduces(state: ExchangeState, intent: Intent) -> bool:
    """Whether an order can do nothing but reduce, the account's other open orders counted."""
    exposure = state.find_exposure(intent.account_id, intent.instrument_id)
    if exposure is None:
        return False
    net = exposure.net_quantity()
    if net * intent.side >= 0:
        return False
    other = exposure.totals(intent.side).quantity - _replaced(intent)
    return intent.quantity + other <= abs(net)


def _replaced(intent: Intent) -> int:
    if intent.replaces is None or intent.replaces.reduce_only:
        return 0
    return intent.replaces.remaining


def _lock_of_rest(
    state: ExchangeState, intent: Intent, net: int, resting: int, assumed: int, open_loss: int
) -> int:
    """WAL-4: `assumed price * Q / L`, open loss and opening fee of what the rest would open."""
    exposure = state.find_exposure(intent.account_id, intent.instrument_id)
    other = 0
    if exposure is not None:
        other = exposure.totals(intent.side).quantity - _replaced(intent)
    reducing = abs(net) if net * intent.side < 0 else 0
    opening = max(0, resting - max(0, reducing - other))
    settings = state.settings(intent.account_id, intent.instrument_id)
    return isolated_lock(state, settings, intent.leverage, opening, (assumed, open_loss))


def isolated_lock(
    state: ExchangeState,
    settings: Settings,
    leverage: int,
    opening: int,
    terms_of_order: tuple[int, int],
) -> int:
    """What an isolated order that may open `opening` keeps locked in CROSS.

    `terms_of_order` are its assumed price and its open loss per quantity unit.
    """
    assumed, open_loss = terms_of_order
    rate = fills.account_fee_rate(state, settings.account_id, settings.instrument_id, maker=True)
    notional = state.instruments[settings.instrument_id].terms.notional(opening, assumed)
    fee = max(0, fills.fee_of(notional, rate))
    return fills.opening_margin(notional, leverage) + opening * open_loss + fee


def _cross_need(
    state: ExchangeState,
    intent: Intent,
    walk: _Walk,
    resting: int,
    assumed: int,
    open_loss: int,
) -> tuple[int, int]:
    """MARG-5 in CROSS: what the order takes of the free collateral, and how much there is.

    It takes the rise of the initial margin, the loss of its fills against mark, and its fees.
    """
    cross = state.accounts[intent.account_id].cross_wallet_id
    record = state.instruments[intent.instrument_id]
    risk = margin.assess(state, cross)
    multiplier = record.terms.notional_multiplier
    mark_value = walk.quantity * margin.mark_of(record) * multiplier
    cost = walk.fee - intent.side * (mark_value - walk.notional)
    net = state.exposures[intent.account_id][intent.instrument_id].net_quantity()
    exact = risk.exact_maintenance - _maintenance_at(record, net)
    exact += _maintenance_at(record, net + intent.side * walk.quantity)
    after = risk._replace(
        exact_maintenance=exact,
        call_margin=margin.call_margin_of(exact, state.parameters.call_ratio),
    )
    opening = 0 if intent.reduce_only else resting
    effect = _effect(intent, walk, opening, assumed, open_loss, multiplier)
    required = margin.initial_margin(state, after, (intent.instrument_id, effect))
    required_before = margin.initial_margin(state, risk)
    return required - required_before + cost, risk.equity - required_before


def _maintenance_at(record: InstrumentRecord, net: int) -> int:
    notional = record.terms.notional(abs(net), margin.mark_of(record))
    return margin.maintenance_exact(notional, tier_at(record.tiers, notional))


def _effect(
    intent: Intent,
    walk: _Walk,
    opening: int,
    assumed: int,
    open_loss: int,
    multiplier: int,
) -> margin.OrderEffect:
    """What the order changes in the exposure's sums, the orders that it ends included."""
    quantity = {Side.BUY: 0, Side.SELL: 0}
    notional = {Side.BUY: 0, Side.SELL: 0}
    loss = {Side.BUY: 0, Side.SELL: 0}
    quantity[intent.side] += opening
    notional[intent.side] += opening * assumed * multiplier
    loss[intent.side] += opening * open_loss
    ended = [order for order in walk.expired if not order.reduce_only]
    if intent.replaces is not None and not intent.replaces.reduce_only:
        ended.append(intent.replaces)
    for order in ended:
        quantity[order.side] -= order.remaining
        notional[order.side] -= order.remaining * order.assumed_price * multiplier
        loss[order.side] -= order.remaining * order.open_loss
    return margin.OrderEffect(
        intent.side * walk.quantity,
        quantity[Side.BUY],
        notional[Side.BUY],
        loss[Side.BUY],
        quantity[Side.SELL],
        notional[Side.SELL],
        loss[Side.SELL],
    )
