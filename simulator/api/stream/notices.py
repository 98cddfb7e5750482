"""Margin calls and liquidations as they happen, for the accounts that are watched.

Events of a liquidation name only the liquidation, and the end of a margin call only its wallet, so
this remembers whose they are: from the state when the watch begins, from the events after.
"""

from simulator.api import names
from simulator.api.shapes.stream import LiquidationNotice, MarginCallNotice
from simulator.api.wire import Numbers
from simulator.core.model import events as e
from simulator.core.state.exchange_state import ExchangeState

Notice = tuple[int, str, MarginCallNotice | LiquidationNotice]
"""The account, the kind of news, and the news."""

_KINDS = (
    e.MarginCallIssued,
    e.MarginCallEnded,
    e.LiquidationStarted,
    e.LiquidationStepTaken,
    e.PositionTakenOver,
    e.LiquidationEnded,
)


class NoticeReader:
    """Reads the events of one world."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._watched: dict[int, None] = {}
        self._calls: dict[int, int] = {}
        """Account by margin call."""
        self._liquidations: dict[int, int] = {}
        """Account by liquidation."""

    def watch(self, account_id: int, state: ExchangeState) -> None:
        self._watched[account_id] = None
        account = state.accounts.get(account_id)
        if account is None:
            return
        cross = state.wallets[account.cross_wallet_id]
        for wallet in (cross, *state.isolated_wallets_of(account_id)):
            if wallet.margin_call is not None:
                self._calls[wallet.margin_call.margin_call_id] = account_id
            if wallet.liquidation is not None:
                self._liquidations[wallet.liquidation.liquidation_id] = account_id

    def unwatch(self, account_id: int) -> None:
        self._watched.pop(account_id, None)
        for known in (self._calls, self._liquidations):
            for each in [key for key, owner in known.items() if owner == account_id]:
                del known[each]

    def read(self, event: e.AnyEvent, seq: int, time: int) -> Notice | None:
        """What the event means to a watched account; none if nothing, or to nobody watched."""
        if not isinstance(event, _KINDS):
            return None
        if isinstance(event, e.MarginCallIssued | e.MarginCallEnded):
            return self._margin_call(event, seq, time)
        account_id = self._account_of(event)
        if account_id is None:
            return None
        return account_id, "liquidations", self._liquidation(event, seq, time)

    def _margin_call(
        self, event: e.MarginCallIssued | e.MarginCallEnded, seq: int, time: int
    ) -> Notice | None:
        amount = self._numbers.amount
        if isinstance(event, e.MarginCallEnded):
            owner = self._calls.pop(event.margin_call_id, None)
            if owner is None:
                return None
            ended = MarginCallNotice(
                event="ENDED",
                margin_call_id=event.margin_call_id,
                wallet_id=event.wallet_id,
                time=time,
                seq=seq,
                equity=amount(event.equity),
                ended_by=event.end.name,
            )
            return owner, "margin_calls", ended
        if event.account_id not in self._watched:
            return None
        self._calls[event.margin_call_id] = event.account_id
        of = self._numbers.by_id(event.instrument_id)
        issued = MarginCallNotice(
            event="REPEATED" if event.repeated else "ISSUED",
            margin_call_id=event.margin_call_id,
            wallet_id=event.wallet_id,
            time=time,
            seq=seq,
            equity=amount(event.equity),
            maintenance_margin=amount(event.maintenance_margin),
            call_margin=amount(event.call_margin),
            symbol=of.symbol,
            position_side=names.POSITION_SIDE_NAMES[event.position_side],
            mark_price=of.price(event.mark_price),
            liquidation_price=of.optional_price(event.liquidation_price),
            quantity_to_reduce=of.quantity(event.quantity_to_reduce),
            amount_to_add=amount(event.amount_to_add),
            amount_to_repay=amount(event.amount_to_repay),
        )
        return event.account_id, "margin_calls", issued

    def _account_of(
        self,
        event: e.LiquidationStarted
        | e.LiquidationStepTaken
        | e.PositionTakenOver
        | e.LiquidationEnded,
    ) -> int | None:
        if isinstance(event, e.LiquidationStarted):
            if event.account_id in self._watched:
                self._liquidations[event.liquidation_id] = event.account_id
        elif isinstance(event, e.LiquidationEnded):
            return self._liquidations.pop(event.liquidation_id, None)
        return self._liquidations.get(event.liquidation_id)

    def _liquidation(
        self,
        event: e.LiquidationStarted
        | e.LiquidationStepTaken
        | e.PositionTakenOver
        | e.LiquidationEnded,
        seq: int,
        time: int,
    ) -> LiquidationNotice:
        amount = self._numbers.amount
        liquidation_id = event.liquidation_id
        if isinstance(event, e.LiquidationStarted):
            return LiquidationNotice(
                event="STARTED",
                liquidation_id=liquidation_id,
                time=time,
                seq=seq,
                wallet_id=event.wallet_id,
                equity=amount(event.equity),
                maintenance_margin=amount(event.maintenance_margin),
                call_margin=amount(event.call_margin),
            )
        if isinstance(event, e.LiquidationEnded):
            return LiquidationNotice(
                event="ENDED",
                liquidation_id=liquidation_id,
                time=time,
                seq=seq,
                wallet_id=event.wallet_id,
                equity=amount(event.equity),
                outcome=event.outcome.name,
                fee=amount(event.fee),
                deficit=amount(event.deficit),
                shortfall=amount(event.shortfall),
            )
        of = self._numbers.by_id(event.instrument_id)
        side = names.POSITION_SIDE_NAMES[event.position_side]
        if isinstance(event, e.PositionTakenOver):
            return LiquidationNotice(
                event="TAKEOVER",
                liquidation_id=liquidation_id,
                time=time,
                seq=seq,
                symbol=of.symbol,
                position_side=side,
                quantity=of.quantity(event.quantity),
                notional=amount(event.notional),
            )
        return LiquidationNotice(
            event="STEP",
            liquidation_id=liquidation_id,
            time=time,
            seq=seq,
            symbol=of.symbol,
            position_side=side,
            tier=event.tier,
            mark_price=of.price(event.mark_price),
            takeover_price=of.price(event.takeover_price),
            quantity=of.quantity(event.quantity),
            equity=amount(event.equity),
            order_id=event.order_id,
        )
