"""What an order would do, before it does it: the check of an order and its preview are this.

`plan_order` adds up what the order would take from the book (`taking`), what of it would rest, and
what it would pay and need (MARG-4, MARG-5, WAL-4). A plan is a value.
"""

from simulator.core.model.enums import (
    BUY,
    CROSS_MARGIN,
    GTC,
    GTD,
    LONG,
    MARKET_ORDER,
    SELL,
    SHORT,
    CancelReason,
    Side,
)
from simulator.core.model.rejects import Refusal
from simulator.core.model.risk_tiers import maintenance_at
from simulator.core.model.units import RATE_ONE, rate_of_up
from simulator.core.rules import fills, margin
from simulator.core.rules.spot_plan import Funding, fund_nothing, fund_order
from simulator.core.rules.taking import NOTHING, Intent, Taken, reducible_after, take
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.exposure import OrderTotals
from simulator.core.state.records import InstrumentRecord, Settings


class Plan:
    """The outcome of an order as it would be now."""

    __slots__ = (
        "assumed_price",
        "cover",
        "funding",
        "intent",
        "lock",
        "open_loss",
        "required",
        "rest_canceled",
        "resting_quantity",
        "taken",
    )

    def __init__(
        self,
        intent: Intent,
        taken: Taken,
        resting_quantity: int,
        rest_canceled: CancelReason | None,
        assumed_price: int,
        open_loss: int,
        lock: int,
        required: int,
        cover: int,
    ) -> None:
        self.intent = intent
        self.taken = taken
        self.resting_quantity = resting_quantity
        """What of it rests; of a reduce-only order no more than the position allows (ORD-5)."""
        self.rest_canceled = rest_canceled
        """Why the rest would be canceled rather than rest."""
        self.assumed_price = assumed_price
        self.open_loss = open_loss
        """Per quantity unit of what rests (MARG-4)."""
        self.lock = lock
        """What the rest locks in CROSS (isolated)."""
        self.funding: Funding | None = None
        """What a spot order locks, borrows and moves."""
        self.required = required
        """CROSS: initial margin of all, and what the fills cost. ISOLATED: what leaves CROSS."""
        self.cover = cover
        """CROSS: the equity. ISOLATED: what may leave CROSS."""

    @property
    def fills(self) -> tuple[tuple[int, int, int], ...]:
        """(maker order id, price, quantity) in the order of trading."""
        return self.taken.fills

    @property
    def filled_quantity(self) -> int:
        return self.taken.quantity

    @property
    def filled_notional(self) -> int:
        return self.taken.notional

    @property
    def fee(self) -> int:
        return self.taken.fee


def plan_order(state: ExchangeState, intent: Intent) -> Plan:
    """Walks the book up to the limit and rests the rest, in numbers only."""
    taken = take(state, intent)
    resting, canceled = intent.quantity - taken.quantity, None
    if resting and (taken.stopped is not None or not rests_freely(intent)):
        resting, canceled = _rest_of(intent, taken)
    terms = margin_terms(intent.exposure.record, intent.side, intent.limit)
    if intent.exposure.settings.margin_mode is CROSS_MARGIN:
        lock = 0
        required, cover = _cross_cover(state, intent, taken, resting, terms)
    else:
        lock = _lock_of_rest(state, intent, taken, resting, terms)
        required, cover = _isolated_cover(state, intent, taken, lock)
    return Plan(intent, taken, resting, canceled, terms[0], terms[1], lock, required, cover)


def waiting_plan(state: ExchangeState, intent: Intent) -> Plan:
    """Of an order that waits for its trigger: until then it does nothing and needs nothing."""
    cross = intent.account.cross_wallet_id
    if intent.exposure.is_spot:
        funding = fund_nothing(state, intent)
        plan = Plan(intent, NOTHING, 0, None, 0, 0, 0, funding.needed, funding.room)
        plan.funding = funding
        return plan
    if intent.margin_mode is CROSS_MARGIN:
        risk = margin.assess(state, cross)
        required, cover = margin.initial_margin(state, risk), risk.collateral
    else:
        required, cover = 0, margin.withdrawal_room(state, cross, 0)
    return Plan(intent, NOTHING, 0, None, 0, 0, 0, required, cover)


def plan_spot_order(state: ExchangeState, intent: Intent) -> tuple[Plan, Refusal | None]:
    """The plan of an order on a spot instrument, and why its wallet cannot pay for it."""
    taken = take(state, intent)
    resting, canceled = intent.quantity - taken.quantity, None
    if resting and (taken.stopped is not None or not rests_freely(intent)):
        resting, canceled = _rest_of(intent, taken)
    funding, refusal = fund_order(state, intent, taken, resting)
    plan = Plan(
        intent,
        taken,
        resting,
        canceled,
        intent.limit,
        0,
        0,
        funding.needed,
        funding.room,
    )
    plan.funding = funding
    return plan, refusal


def need_of(state: ExchangeState, plan: Plan) -> tuple[int, int]:
    """MARG-5 as it is told: what the order takes, and what there is for it (before any deed).

    In CROSS of the free collateral: less what the unit requires already. What is short already
    is needed too.
    """
    needed, available = plan.required, plan.cover
    if plan.intent.margin_mode is CROSS_MARGIN and plan.funding is None:
        risk = margin.assess(state, plan.intent.account.cross_wallet_id)
        before = margin.initial_margin(state, risk)
        needed, available = needed - before, available - before
    return (needed, available) if available >= 0 else (needed - available, 0)


def rests_freely(intent: Intent) -> bool:
    """Whether nothing in the order itself speaks against resting."""
    return _may_rest(intent) and not intent.reduce_only


def _may_rest(intent: Intent) -> bool:
    return intent.time_in_force is GTC or intent.time_in_force is GTD


def _rest_of(intent: Intent, taken: Taken) -> tuple[int, CancelReason | None]:
    """How much of what is not taken rests, and why it is canceled instead if none of it does."""
    if taken.stopped is not None:
        return 0, taken.stopped
    reducible = reducible_after(intent, taken)
    reason = why_not_rest(intent, reducible)
    if reason is not None:
        return 0, reason
    resting = intent.quantity - taken.quantity
    if intent.reduce_only:
        resting = min(resting, max(0, reducible - _ahead_reduce_only(intent)))
    return resting, None if resting else CancelReason.REDUCE_ONLY


def why_not_rest(intent: Intent, reducible: int) -> CancelReason | None:
    """Why what an order could not trade must not rest; none if it may."""
    if intent.reduce_only and reducible == 0:
        return CancelReason.REDUCE_ONLY
    if _may_rest(intent):
        return None
    market = intent.order_type is MARKET_ORDER
    return CancelReason.PRICE_BAND if market else CancelReason.IMMEDIATE_OR_CANCEL


def _ahead_reduce_only(intent: Intent) -> int:
    """What resting reduce-only orders nearer to the market, or as near, would reduce (ORD-5)."""
    if intent.exposure.reduce_only_orders == 0:
        return 0
    ahead = 0
    for order in intent.exposure.orders.values():
        if not order.reduce_only or order.side is not intent.side or order.is_waiting:
            continue
        if order is not intent.replaces:
            if order.price * intent.side >= intent.limit * intent.side:
                ahead += order.remaining
    return ahead


def _isolated_cover(
    state: ExchangeState, intent: Intent, taken: Taken, lock: int
) -> tuple[int, int]:
    """WAL-4: what the order takes out of CROSS and locks there, and what there is for it."""
    needed = taken.spent + lock
    if taken.room is not None:
        return needed, taken.room
    released = sum(order.locked for order in taken.expired)
    if intent.replaces is not None:
        released += intent.replaces.locked
    cross = intent.account.cross_wallet_id
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
    if intent.reduce_only:
        return True
    net = intent.net
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
    if resting == 0 or intent.reduce_only:
        return 0
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
    terms = state.instruments[settings.instrument_id].terms
    rate = fills.fee_rate(state.accounts[settings.account_id], terms, maker=True)
    notional = terms.notional(opening, assumed)
    fee = max(0, fills.fee_of(notional, rate))
    return fills.opening_margin(notional, leverage) + opening * open_loss + fee


def _cross_cover(
    state: ExchangeState, intent: Intent, taken: Taken, resting: int, terms: tuple[int, int]
) -> tuple[int, int]:
    """MARG-5 in CROSS: initial margin afterwards, loss of the fills against mark, and fees; equity.

    Free collateral is not negative afterwards when the second covers the first.
    """
    wallet = state.wallets[intent.account.cross_wallet_id]
    risk = margin.assess(state, wallet.wallet_id)
    required = margin.cross_requirement(state, wallet, intent.exposure)
    if risk.worth is not None:
        required += risk.worth.debt_initial
    required += _requirement_after(intent, taken, 0 if intent.reduce_only else resting, terms)
    if taken.quantity == 0:
        return (required if required > risk.call_margin else risk.call_margin), risk.collateral
    call_margin, cost = _after_fills(state, intent, taken, risk)
    return max(required, call_margin) + cost, risk.collateral


def _after_fills(
    state: ExchangeState, intent: Intent, taken: Taken, risk: margin.UnitRisk
) -> tuple[int, int]:
    """The unit's call margin after the fills; their loss against mark, and their fees."""
    exposure, side = intent.exposure, intent.side
    net = intent.net
    value = margin.mark_of(exposure.record) * exposure.multiplier
    tiers = exposure.record.tiers
    exact = risk.position_maintenance - maintenance_at(tiers, abs(net) * value)
    exact += maintenance_at(tiers, abs(net + side * taken.quantity) * value)
    cost = taken.fee - side * (taken.quantity * value - taken.notional)
    return margin.call_margin_of(exact, state.parameters.call_ratio, risk.debt_call), cost


def _requirement_after(intent: Intent, taken: Taken, opening: int, terms: tuple[int, int]) -> int:
    """MARG-4 of the exposure with the fills and the rest, without the orders that end."""
    exposure, side = intent.exposure, intent.side
    assumed, open_loss = terms
    buys, sells = exposure.buys, exposure.sells
    if taken.expired or intent.replaces is not None:
        buys, sells = _without_ended(intent, taken)
    notional = opening * assumed * exposure.multiplier
    loss = opening * open_loss
    if exposure.hedged:
        held = _legs_after(intent, taken)
        more = OrderTotals(opening, notional, loss)
        totals = (buys.plus(more), sells) if side is BUY else (buys, sells.plus(more))
        return margin.hedge_requirement(exposure, held, totals)
    net = exposure.net_quantity() + side * taken.quantity
    if loss or buys.open_loss or sells.open_loss:
        more = OrderTotals(opening, notional, loss)
        if side is BUY:
            return margin.one_way_requirement(exposure, net, buys.plus(more), sells)
        return margin.one_way_requirement(exposure, net, buys, sells.plus(more))
    if side is BUY:
        return margin.order_part(exposure, net, buys.notional + notional, sells.notional)
    return margin.order_part(exposure, net, buys.notional, sells.notional + notional)


def _legs_after(intent: Intent, taken: Taken) -> tuple[int, int]:
    """The sizes of the long and the short position of a hedge after the fills."""
    exposure = intent.exposure
    change = intent.side * taken.quantity
    long, short = exposure.leg_quantity(LONG), exposure.leg_quantity(SHORT)
    if intent.position_side is LONG:
        return long + change, -short
    return long, -(short + change)


def _without_ended(intent: Intent, taken: Taken) -> tuple[OrderTotals, OrderTotals]:
    """Open buys and sells without own orders in the way, and without the order that is amended."""
    exposure = intent.exposure
    totals = {BUY: exposure.buys, SELL: exposure.sells}
    ended = taken.expired if intent.replaces is None else (*taken.expired, intent.replaces)
    for order in ended:
        if not order.reduce_only:
            notional = order.remaining * order.assumed_price * exposure.multiplier
            less = OrderTotals(-order.remaining, -notional, -order.remaining * order.open_loss)
            totals[order.side] = totals[order.side].plus(less)
    return totals[BUY], totals[SELL]
