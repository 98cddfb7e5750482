"""What an order would do, before it does it: the check of an order and its preview are this.

`plan_order` adds up what the order would take from the book (`taking`), what of it would rest, and
what it would pay and need (MARG-4, MARG-5, WAL-4). A plan is a value.
"""

import msgspec

from simulator.core.model.enums import (
    BUY,
    GTC,
    ISOLATED_MARGIN,
    MARKET_ORDER,
    CancelReason,
    Side,
)
from simulator.core.model.units import RATE_ONE, rate_of_up
from simulator.core.rules import fills, margin
from simulator.core.rules.taking import Intent, Taken, reducible_after, take
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Settings


class Plan(msgspec.Struct, frozen=True, gc=False):
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


def plan_order(state: ExchangeState, intent: Intent) -> Plan:
    """Walks the book up to the limit and rests the rest, in numbers only."""
    taken = take(state, intent)
    left = intent.quantity - taken.quantity
    canceled = taken.stopped
    reducible = reducible_after(intent, taken) if intent.reduce_only else 0
    if canceled is None:
        canceled = why_not_rest(intent, reducible)
    resting = left if canceled is None else 0
    if intent.reduce_only and resting:
        resting = min(resting, max(0, reducible - _ahead_reduce_only(intent)))
        canceled = None if resting else CancelReason.REDUCE_ONLY
    terms = margin_terms(intent.exposure.record, intent.side, intent.limit)
    lock = 0
    if intent.margin_mode is ISOLATED_MARGIN:
        if resting and not intent.reduce_only:
            lock = _lock_of_rest(state, intent, taken, resting, terms)
        needed, available = _isolated_need(state, intent, taken, lock)
    else:
        needed, available = _cross_need(state, intent, taken, resting, terms)
    if available < 0:  # what is short already is needed too
        needed, available = needed - available, 0
    return Plan(
        intent,
        taken.fills,
        taken.quantity,
        taken.notional,
        taken.fee,
        resting,
        canceled if left > 0 else None,
        terms[0],
        terms[1],
        lock,
        intent.reduce_only or only_reduces(intent),
        needed,
        available,
    )


def why_not_rest(intent: Intent, reducible: int) -> CancelReason | None:
    """Why what an order could not trade must not rest; none if it may."""
    if intent.reduce_only and reducible == 0:
        return CancelReason.REDUCE_ONLY
    if intent.time_in_force is GTC:
        return None
    market = intent.order_type is MARKET_ORDER
    return CancelReason.PRICE_BAND if market else CancelReason.IMMEDIATE_OR_CANCEL


def _ahead_reduce_only(intent: Intent) -> int:
    """What resting reduce-only orders nearer to the market, or as near, would reduce (ORD-5)."""
    if intent.exposure.reduce_only_orders == 0:
        return 0
    ahead = 0
    for order in intent.exposure.orders.values():
        if order.reduce_only and order.side is intent.side and order is not intent.replaces:
            if order.price * intent.side >= intent.limit * intent.side:
                ahead += order.remaining
    return ahead


def _isolated_need(
    state: ExchangeState, intent: Intent, taken: Taken, lock: int
) -> tuple[int, int]:
    """WAL-4: what the order takes out of CROSS and locks there, and what there is for it."""
    needed = taken.spent + lock
    if taken.room is not None:
        return needed, taken.room
    released = sum(order.locked for order in taken.expired)
    if intent.replaces is not None:
        released += intent.replaces.locked
    cross = state.accounts[intent.account_id].cross_wallet_id
    return needed, margin.withdrawal_room(state, cross, released)


def margin_terms(record: InstrumentRecord, side: Side, price: int) -> tuple[int, int]:
    """MARG-4 of a resting order: its assumed price, and its open loss per quantity unit.

    A buy is assumed at its price, a sell at `max(last * 1.0015, mark, price)`. Both terms are
    fixed when the order is accepted or amended.
    """
    mark = margin.mark_of(record)
    multiplier = record.terms.notional_multiplier
    if side is BUY:
        return price, (price - mark) * multiplier if price > mark else 0
    assumed = price if price > mark else mark
    if record.last_price is not None:
        one_and_rate = RATE_ONE + record.terms.sell_assumption_rate
        assumed = max(assumed, rate_of_up(record.last_price, one_and_rate))
    return assumed, (mark - price) * multiplier if mark > price else 0


def only_reduces(intent: Intent) -> bool:
    """Whether an order can do nothing but reduce, the account's other open orders counted."""
    net = intent.exposure.net_quantity()
    if net * intent.side >= 0:
        return False
    other = intent.exposure.totals(intent.side).quantity - _replaced(intent)
    return intent.quantity + other <= abs(net)


def _replaced(intent: Intent) -> int:
    if intent.replaces is None or intent.replaces.reduce_only:
        return 0
    return intent.replaces.remaining


def _lock_of_rest(
    state: ExchangeState, intent: Intent, taken: Taken, resting: int, terms: tuple[int, int]
) -> int:
    """WAL-4: `assumed price * Q / L`, open loss and opening fee of what the rest would open."""
    exposure = intent.exposure
    other = exposure.totals(intent.side).quantity - _replaced(intent)
    reducing = reducible_after(intent, taken)
    opening = max(0, resting - max(0, reducing - other))
    return isolated_lock(state, exposure.settings, intent.leverage, opening, terms)


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
    state: ExchangeState, intent: Intent, taken: Taken, resting: int, terms: tuple[int, int]
) -> tuple[int, int]:
    """MARG-5 in CROSS: what the order takes of the free collateral, and how much there is.

    It takes the rise of the initial margin, the loss of its fills against mark, and its fees.
    """
    exposure = intent.exposure
    wallet = state.wallets[state.accounts[intent.account_id].cross_wallet_id]
    risk = margin.assess(state, wallet.wallet_id)
    beside = margin.cross_requirement(state, wallet, exposure)
    before = beside + margin.exposure_requirement(exposure)
    opening = 0 if intent.reduce_only else resting
    after = beside + margin.exposure_requirement(exposure, _effect(intent, taken, opening, terms))
    cost = 0
    call_margin = risk.call_margin
    if taken.quantity:
        call_margin = _call_margin_after(state, intent, taken, risk)
        mark_value = exposure.record.terms.notional(taken.quantity, margin.mark_of(exposure.record))
        cost = taken.fee - intent.side * (mark_value - taken.notional)
    if before < risk.call_margin:
        before = risk.call_margin
    if after < call_margin:
        after = call_margin
    return after - before + cost, risk.equity - before


def _call_margin_after(
    state: ExchangeState, intent: Intent, taken: Taken, risk: margin.UnitRisk
) -> int:
    record, net = intent.exposure.record, intent.exposure.net_quantity()
    value = record.terms.notional(1, margin.mark_of(record))
    exact = risk.exact_maintenance - margin.maintenance_of(record, abs(net) * value)
    net += intent.side * taken.quantity
    exact += margin.maintenance_of(record, abs(net) * value)
    return margin.call_margin_of(exact, state.parameters.call_ratio)


def _effect(
    intent: Intent, taken: Taken, opening: int, terms: tuple[int, int]
) -> margin.OrderEffect:
    """What the order changes in the exposure's sums, the orders that it ends included."""
    assumed, open_loss = terms
    multiplier = intent.exposure.record.terms.notional_multiplier
    quantity, notional, loss = opening, opening * assumed * multiplier, opening * open_loss
    replaced = intent.replaces
    if replaced is not None and not replaced.reduce_only:
        quantity -= replaced.remaining
        notional -= replaced.remaining * replaced.assumed_price * multiplier
        loss -= replaced.remaining * replaced.open_loss
    ended, ended_notional, ended_loss = 0, 0, 0
    for order in taken.expired:  # own orders in the way are on the other side
        if not order.reduce_only:
            ended -= order.remaining
            ended_notional -= order.remaining * order.assumed_price * multiplier
            ended_loss -= order.remaining * order.open_loss
    traded = intent.side * taken.quantity
    if intent.side is BUY:
        return margin.OrderEffect(
            traded, quantity, notional, loss, ended, ended_notional, ended_loss
        )
    return margin.OrderEffect(traded, ended, ended_notional, ended_loss, quantity, notional, loss)
