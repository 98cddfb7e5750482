"""What an order would take from the book at once: the first half of its plan.

`take` meets the makers in the order in which `matching.match` will, and touches nothing. It says
what would trade, what that costs, which orders would end on the way, and why it would stop.
"""

from typing import Final

from simulator.core.model.enums import (
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    ISOLATED_MARGIN,
    OPEN,
    CancelReason,
    MarginMode,
    OrderType,
    PositionSide,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from simulator.core.model.units import divide_up
from simulator.core.rules import fills, spot_fills
from simulator.core.rules.valuation import Holdings
from simulator.core.state.book import BookSide
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.exposure import Exposure
from simulator.core.state.records import AccountRecord, Order


class Intent:
    """An order before it exists: of `PlaceOrder`, or of `AmendOrder` with the order it replaces."""

    __slots__ = (
        "account",
        "auto_borrow",
        "auto_repay",
        "exposure",
        "keep_margin",
        "limit",
        "order_type",
        "position_side",
        "quantity",
        "reduce_only",
        "replaces",
        "self_trade_prevention",
        "side",
        "time_in_force",
    )

    def __init__(
        self,
        account: AccountRecord,
        exposure: Exposure,
        side: Side,
        limit: int,
        quantity: int,
        time_in_force: TimeInForce,
        order_type: OrderType,
        reduce_only: bool,
        keep_margin: bool,
        replaces: Order | None = None,
        position_side: PositionSide | None = None,
        self_trade_prevention: SelfTradePrevention = EXPIRE_MAKER,
    ) -> None:
        self.account = account
        self.exposure = exposure
        self.side = side
        self.limit = limit
        self.quantity = quantity
        """What is to be traded or rested; of an amended order what remains."""
        self.time_in_force = time_in_force
        self.order_type = order_type
        self.reduce_only = reduce_only
        self.keep_margin = keep_margin
        self.replaces = replaces
        self.position_side = position_side
        self.self_trade_prevention = self_trade_prevention
        self.auto_borrow = True
        self.auto_repay = True

    @property
    def account_id(self) -> int:
        return self.account.account_id

    @property
    def instrument_id(self) -> int:
        return self.exposure.settings.instrument_id

    @property
    def margin_mode(self) -> MarginMode:
        return self.exposure.settings.margin_mode

    @property
    def leverage(self) -> int:
        return self.exposure.settings.leverage

    @property
    def net(self) -> int:
        """The signed quantity of the position that it acts on."""
        return self.exposure.leg_quantity(self.position_side)


class Taken:
    """What would trade at once, in all."""

    __slots__ = (
        "crosses",
        "expired",
        "fee",
        "fills",
        "notional",
        "quantity",
        "room",
        "spent",
        "stopped",
    )

    def __init__(
        self,
        crosses: bool = False,
        fills: tuple[tuple[int, int, int], ...] = (),
        quantity: int = 0,
        notional: int = 0,
        fee: int = 0,
        stopped: CancelReason | None = None,
        expired: tuple[Order, ...] = (),
        spent: int = 0,
        room: int | None = None,
    ) -> None:
        self.crosses = crosses
        """Whether the order meets anything at all."""
        self.fills = fills
        """(maker order id, price, quantity) in the order of trading."""
        self.quantity = quantity
        self.notional = notional
        self.fee = fee
        self.stopped = stopped
        self.expired = expired
        """Own orders in the way, which self-trade prevention would cancel (ORD-6)."""
        self.spent = spent
        """What the fills take out of CROSS, less what comes back to it (isolated)."""
        self.room = room
        """What there was in CROSS for fills that it could not cover, if any (isolated)."""


_Leg = tuple[int, PositionSide | None]
"""An account and the position of it that an order acts on."""

NOTHING: Final = Taken()


def take(state: ExchangeState, intent: Intent) -> Taken:
    """Walks the opposite side of the book up to the order's limit, in numbers only.

    In an auction nothing trades before the uncross (MAT-2).
    """
    book = state.books[intent.exposure.settings.instrument_id]
    if not book.would_take(intent.side, intent.limit):
        return NOTHING
    if intent.exposure.record.market_state is not OPEN:
        return NOTHING
    walk = _Walk(state, intent)
    walk.go(book.opposite_side(intent.side))
    return Taken(
        True,
        tuple(walk.fills),
        walk.quantity,
        walk.notional,
        walk.fee,
        walk.stopped,
        tuple(walk.expired),
        0 if walk.sketch is None else walk.sketch.purse.spent,
        walk.room,
    )


def reducible_after(intent: Intent, taken: Taken) -> int:
    """How much of the position is then left that an order of this side could close."""
    net = intent.net + intent.side * taken.quantity
    return abs(net) if net * intent.side < 0 else 0


class _Walk:
    """One walk; the position, and in ISOLATED the margin, of both sides run ahead of the state."""

    __slots__ = (
        "_makers",
        "_purses",
        "_spot_makers",
        "expired",
        "fee",
        "fills",
        "intent",
        "net",
        "notional",
        "quantity",
        "rate",
        "room",
        "sketch",
        "state",
        "stopped",
    )

    def __init__(self, state: ExchangeState, intent: Intent) -> None:
        self.state = state
        self.intent = intent
        self.rate = fills.fee_rate(intent.account, intent.exposure.record.terms, maker=False)
        self.net = intent.net
        self.fills: list[tuple[int, int, int]] = []
        self.quantity = 0
        self.notional = 0
        self.fee = 0
        self.stopped: CancelReason | None = None
        self.expired: list[Order] = []
        self.room: int | None = None
        self.sketch: fills.IsolatedSketch | None = None
        self._spot_makers: dict[int, Holdings] = {}
        self._purses: dict[int, fills.Purse] = {}
        self._makers: dict[_Leg, fills.IsolatedSketch] = {}
        if intent.margin_mode is ISOLATED_MARGIN and not intent.exposure.is_spot:
            purse = self._purse(intent.account_id)
            side = intent.position_side
            self.sketch = fills.IsolatedSketch(state, intent.exposure, side, purse)
            self.sketch.keep_margin = intent.keep_margin
            if intent.replaces is not None:
                purse.released = intent.replaces.locked

    def _purse(self, account_id: int) -> fills.Purse:
        """One CROSS wallet for all that an account does on the walk."""
        purse = self._purses.get(account_id)
        if purse is None:
            purse = self._purses[account_id] = fills.Purse(self.state, account_id)
        return purse

    def go(self, makers: BookSide) -> None:
        """Meets maker after maker until the order is filled, or stopped."""
        intent = self.intent
        account_id = intent.account.account_id
        for level in makers.levels_within(intent.limit):
            for maker in level.orders.values():
                left = intent.quantity - self.quantity
                if intent.reduce_only:
                    left = min(left, abs(self.net) if self.net * intent.side < 0 else 0)
                if left == 0:
                    return
                if maker.account_id == account_id:
                    if intent.self_trade_prevention is not EXPIRE_TAKER:
                        self._expire(maker)
                    if intent.self_trade_prevention is not EXPIRE_MAKER:
                        self.stopped = CancelReason.SELF_TRADE
                        return
                    continue
                quantity = left if left < maker.remaining else maker.remaining
                quantity = self._maker_quantity(maker, quantity)
                if quantity == 0:
                    continue
                if self.sketch is not None and not self._may_take(self.sketch, maker, quantity):
                    self.stopped = CancelReason.WOULD_CAUSE_MARGIN_CALL
                    return
                self._fill(maker, quantity)

    def _expire(self, order: Order) -> None:
        """The lock of an own order in the way is free for what comes after it, not before."""
        self.expired.append(order)
        if self.sketch is not None:
            purse = self.sketch.purse
            if order.locked and self.fills:
                self._note_room(purse)
            purse.released += order.locked

    def _note_room(self, purse: fills.Purse) -> None:
        """Notes what there is in CROSS if the fills so far take more."""
        room = purse.room()
        if self.room is None and purse.spent > room:
            self.room = room

    def _maker_quantity(self, maker: Order, quantity: int) -> int:
        """How much of the maker would trade: its own margin or position may allow less."""
        if self.intent.exposure.is_spot:
            return self._spot_quantity(maker, quantity)
        exposure = self.state.exposures[maker.account_id][maker.instrument_id]
        isolated = maker.margin_mode is ISOLATED_MARGIN
        if not isolated and exposure.reduce_only_orders == 0:
            return quantity
        leg = (maker.account_id, maker.position_side)
        sketch = self._makers.get(leg)
        if sketch is None:
            purse = self._purse(maker.account_id)
            sketch = fills.IsolatedSketch(self.state, exposure, maker.position_side, purse)
            self._makers[leg] = sketch
        if maker.reduce_only:
            net = sketch.quantity
            quantity = min(quantity, abs(net) if net * maker.side < 0 else 0)
        rate = fills.fee_rate_of(self.state, maker, maker=True)
        after = sketch.after(maker.side, quantity, maker.price, rate)
        if isolated and quantity > 0:
            kept = divide_up(maker.locked * (maker.remaining - quantity), maker.remaining)
            sketch.purse.released += maker.locked - kept
            if sketch.refusal(after) is not None:
                sketch.purse.released += kept
                return 0
        sketch.go_on(after)
        return quantity

    def _spot_quantity(self, maker: Order, quantity: int) -> int:
        """All of it or nothing: whether its wallet can still pay for it."""
        wallet_id, _ = self.state.payer_of(maker)
        held = self._spot_makers.get(wallet_id)
        if held is None:
            held = self._spot_makers[wallet_id] = Holdings(self.state.wallets[wallet_id])
        fill = spot_fills.fill_of(self.state, maker, quantity, maker.price, maker=True)
        ends = quantity == maker.remaining
        if spot_fills.refusal(self.state, maker, held, fill, ends) is None:
            return quantity
        del self._spot_makers[wallet_id]
        return 0

    def _may_take(self, sketch: fills.IsolatedSketch, maker: Order, quantity: int) -> bool:
        """Whether the call line lets the fill be made, which then goes into the sketch.

        One that lacks cover is counted on, so that the whole order is refused with all that it
        would need.
        """
        after = sketch.after(self.intent.side, quantity, maker.price, self.rate)
        if not after.is_above_call:
            if sketch.refusal(after) is not CancelReason.INSUFFICIENT_MARGIN:
                return False
        sketch.go_on(after)
        return True

    def _fill(self, maker: Order, quantity: int) -> None:
        side, price = self.intent.side, maker.price
        unit_notional = price * self.intent.exposure.multiplier
        held = -self.net * side
        closed = 0 if held <= 0 else quantity if quantity < held else held
        if self.intent.exposure.is_spot:
            self.fee += self._spot_fee(quantity * unit_notional)
        elif closed:  # the closing and the opening part of a fill pay their fees apart
            self.fee += fills.fee_of(closed * unit_notional, self.rate)
        if closed < quantity and not self.intent.exposure.is_spot:
            self.fee += fills.fee_of((quantity - closed) * unit_notional, self.rate)
        self.fills.append((maker.order_id, price, quantity))
        self.net += side * quantity
        self.quantity += quantity
        self.notional += quantity * unit_notional

    def _spot_fee(self, notional: int) -> int:
        """The fees of a spot order are rounded as one."""
        replaced = self.intent.replaces
        before = self.notional + (0 if replaced is None else replaced.filled_notional)
        return spot_fills.fee_after(before, notional, self.rate)
