"""What `check_order` promises about an order, and whether placing it kept the promise.

The plan of an order is its check and its preview, so it must say exactly what happens: fills,
fee, what rests, what is locked, what leaves CROSS, and why the rest is canceled.
"""

from collections.abc import Sequence

from simulator.core.model import events as e
from simulator.core.model.commands import PlaceOrder
from simulator.core.model.enums import MarginMode, TransferKind
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.rules.order_checks import check_order
from simulator.core.rules.order_plan import Plan
from simulator.core.rules.spot_plan import Funding
from simulator.core.state.exchange_state import ExchangeState

_AFTERWARDS = (
    e.MarginCallIssued,
    e.MarginCallEnded,
    e.LiquidationStarted,
    e.LiquidationStepTaken,
    e.OrderTriggered,
    e.SweepPaged,
)
"""What follows every command (triggers, the sweep) may end the order again: not of its plan."""


class Promise:
    """Taken before an order is placed."""

    def __init__(self, state: ExchangeState, command: PlaceOrder) -> None:
        self.command = command
        self.plan = check_order(state, command)
        account = state.accounts.get(command.account_id)
        self.cross_wallet_id = 0 if account is None else account.cross_wallet_id

    def check(self, events: Sequence[e.AnyEvent]) -> None:
        if _is_repetition(events):
            return
        if isinstance(self.plan, Refusal):
            rejected = events[0]
            assert isinstance(rejected, e.OrderRejected)
            assert Refusal(rejected.reason, rejected.needed, rejected.available) == self.plan
            return
        accepted = events[0]
        assert isinstance(accepted, e.OrderAccepted)
        assert accepted.time_in_force == self.plan.intent.time_in_force
        assert accepted.price == self.plan.intent.limit
        assert (accepted.assumed_price, accepted.open_loss) == (
            self.plan.assumed_price,
            self.plan.open_loss,
        )
        self._check_fate(accepted.order_id, self.plan, _before_sweep(events))

    def _check_fate(self, order_id: int, plan: Plan, events: Sequence[e.AnyEvent]) -> None:
        fills: list[tuple[int, int, int]] = []
        fee, lock = 0, 0
        left, resting = plan.intent.quantity, 0
        reason = None
        for event in events:
            match event:
                case e.TradeExecuted() if event.taker_order_id == order_id:
                    fills.append((event.maker_order_id, event.price, event.quantity))
                    fee += event.taker_fee
                    left -= event.quantity
                case e.OrderRested() if event.order_id == order_id:
                    resting = left
                case e.OrderAmended() if event.order_id == order_id:
                    resting = event.quantity - (plan.intent.quantity - left)
                case e.OrderCanceled() if event.order_id == order_id:
                    resting, reason = 0, event.reason
                case e.MarginLocked() if event.order_id == order_id:
                    lock = event.amount
                case _:
                    pass
        assert tuple(fills) == plan.fills
        assert plan.filled_quantity == plan.intent.quantity - left
        assert fee == plan.fee
        assert resting == plan.resting_quantity
        assert reason == plan.rest_canceled
        assert lock == plan.lock
        if plan.funding is not None:
            self._check_funding(order_id, plan.funding, events)
            return
        if plan.intent.margin_mode == MarginMode.ISOLATED and plan.cover > 0:
            assert self._spent(order_id, events) + lock == plan.required

    def _check_funding(self, order_id: int, funding: Funding, events: Sequence[e.AnyEvent]) -> None:
        """A spot order: what it borrowed, what CROSS gave, and what it locked before it traded."""
        given = [each for each in events if isinstance(each, e.FundsLocked)]
        if funding.lock == 0:
            assert not given
            return
        first = given[0]
        assert (first.order_id, first.asset_id) == (order_id, funding.asset_id)
        assert (first.amount, first.loan, first.moved) == (
            funding.lock,
            funding.loan,
            funding.moved,
        )
        borrowed = sum(
            each.amount
            for each in events
            if isinstance(each, e.Transferred) and each.kind is TransferKind.BORROW
        )
        assert borrowed == funding.loan

    def _spent(self, order_id: int, events: Sequence[e.AnyEvent]) -> int:
        """What the order took out of CROSS, less what came back to it."""
        spent = 0
        for event in events:
            if isinstance(event, e.Transferred) and event.order_id == order_id:
                if event.kind == TransferKind.SETTLEMENT:
                    continue
                if event.source == self.cross_wallet_id:
                    spent += event.amount
                elif event.target == self.cross_wallet_id:
                    spent -= event.amount
        return spent


def _is_repetition(events: Sequence[e.AnyEvent]) -> bool:
    """ORD-7 answers from memory, before anything is checked."""
    first = events[0]
    if isinstance(first, e.OrderRejected):
        return first.reason == RejectReason.DUPLICATE_CLIENT_ORDER_ID
    return isinstance(first, e.OrderRepeated)


def _before_sweep(events: Sequence[e.AnyEvent]) -> Sequence[e.AnyEvent]:
    for number, event in enumerate(events):
        if isinstance(event, _AFTERWARDS):
            return events[:number]
    return events
