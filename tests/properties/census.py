"""What kinds of things happened: the names under which a run counts its interesting states."""

from collections.abc import Iterator, Sequence

from simulator.core.model import commands as c
from simulator.core.model import events as e
from simulator.core.model.accounts import FUND_ACCOUNT, LENDING_POOL
from simulator.core.model.enums import (
    CancelReason,
    HaltReason,
    LiquidationOutcome,
    MarkMethod,
    PositionMode,
    TransferKind,
    WalletKind,
)
from simulator.core.state.exchange_state import ExchangeState


def census(
    state: ExchangeState, command: c.AnyCommand, events: Sequence[e.AnyEvent]
) -> Iterator[str]:
    """A name for every interesting event; `state` is the one after the command."""
    yield type(command).__name__
    yield from _of_waiting(events)
    for event in events:
        match event:
            case e.CommandRejected() | e.OrderRejected():
                yield f"refused: {event.reason.name}"
            case e.OrderCanceled():
                yield f"canceled: {event.reason.name}"
            case e.OrderAmended():
                order = state.orders.get(event.order_id)
                if order is not None and order.is_waiting:
                    if order.waits_for is None and not isinstance(command, c.AmendOrder):
                        yield "other order of a list reduced"
                elif not isinstance(command, c.AmendOrder):
                    yield "reduce-only shrunk"
            case e.OrderAccepted():
                if event.quote:
                    yield "crossing quote"
                elif event.position_side is not None:
                    yield "closing of a hedge" if event.reduce_only else "opening of a hedge"
            case e.PositionModeSet():
                yield f"position mode {event.position_mode.name}"
            case e.OrderRepeated():
                yield "client order id repeated"
            case e.MarketStateChanged():
                if event.reason == HaltReason.STALE_INDEX:
                    yield "halted as stale"
            case e.TradeExecuted():
                if FUND_ACCOUNT in (event.taker_account_id, event.maker_account_id):
                    yield "fund unloads"
            case _:
                yield from _of_risk(state, event)
                yield from _of_funding(state, event)
    yield from _liquidations(events)
    if any(isinstance(each, e.PositionChanged) for each in events) and _is_hedged(state):
        yield "both legs at once"
    if isinstance(command, c.ResetAccount):
        yield from _of_reset(events)


def _is_hedged(state: ExchangeState) -> bool:
    """Whether anybody holds a long and a short position on one instrument."""
    return any(
        exposure.long is not None and exposure.short is not None
        for by_instrument in state.exposures.values()
        for exposure in by_instrument.values()
    )


def _of_waiting(events: Sequence[e.AnyEvent]) -> Iterator[str]:
    """Orders that fired, lists, auctions."""
    for event in events:
        match event:
            case e.TriggersPaged() if event.order_ids:
                yield "triggers paged"
            case e.OrderListAccepted():
                yield f"list accepted: {event.list_type.name}"
            case e.OrderWoken():
                yield "woken"
            case e.AuctionUncrossed():
                yield "uncrossed"
            case e.InstrumentSettled():
                yield "instrument settled"
            case _:
                pass


def _of_reset(events: Sequence[e.AnyEvent]) -> Iterator[str]:
    """What a reset found of the run before."""
    for event in events:
        match event:
            case e.AccountReset():
                yield "reset"
            case e.PositionChanged() if event.account_id == FUND_ACCOUNT:
                yield "reset of a position"
            case e.OrderCanceled() if event.reason == CancelReason.REQUESTED:
                yield "reset of an order"
            case e.MarginCallEnded():
                yield "reset under a margin call"
            case e.Transferred() if event.kind == TransferKind.SETTLEMENT:
                yield "reset with a debt"
            case _:
                pass


def _of_funding(state: ExchangeState, event: e.AnyEvent) -> Iterator[str]:
    match event:
        case e.MarkPriceUpdated():
            record = state.instruments[event.instrument_id]
            if record.terms.mark_method == MarkMethod.MEDIAN:
                yield "median mark" if event.price != record.index_price else "median at index"
        case e.FundingSettled():
            yield "funding at a recorded rate" if event.average_premium is None else "funding"
            if event.average_premium:
                yield "funding at a premium"
        case e.FundingSkipped():
            yield "funding skipped"
        case e.FundingPaid():
            owner = "the fund" if event.account_id == FUND_ACCOUNT else "a trader"
            yield f"funding paid by {owner}" if event.amount > 0 else f"funding received by {owner}"
        case e.FundingCompleted():
            if event.remainder:
                yield "funding leaves a remainder"
        case _:
            pass


def _of_risk(state: ExchangeState, event: e.AnyEvent) -> Iterator[str]:
    match event:
        case e.MarginCallIssued():
            yield "call repeated" if event.repeated else "call issued"
        case e.MarginCallEnded():
            yield f"call ended: {event.end.name}"
        case e.LiquidationStarted():
            yield f"liquidation of {state.wallets[event.wallet_id].kind.name}"
            if state.accounts[event.account_id].position_mode == PositionMode.HEDGE:
                yield "liquidation in hedge mode"
        case e.SweepPaged():
            yield "sweep paged" if event.wallet_ids else "sweep ended"
        case e.Transferred():
            if event.kind == TransferKind.SETTLEMENT:
                yield "settlement debt" if event.source == LENDING_POOL else "settlement repaid"
            elif event.kind == TransferKind.LIQUIDATION_FEE:
                yield "liquidation fee"
            elif event.kind == TransferKind.TRANSFER and event.liquidation_id is None:
                if state.wallets[event.source].kind == WalletKind.ISOLATED:
                    yield "isolated margin returned"
        case e.LiquidationPaused():
            yield "liquidation paused"
        case e.LiquidationResumed():
            yield "liquidation resumed"
        case e.DeleveragingStarted():
            yield "excess beyond the fund's cap" if event.equity > 0 else "excess of a deficit"
        case e.PositionDeleveraged():
            wallet = state.wallets[event.wallet_id]
            yield f"deleveraged: {wallet.kind.name}"
            yield "deleveraged in profit" if event.score else "deleveraged without profit"
        case _:
            pass


def _liquidations(events: Sequence[e.AnyEvent]) -> Iterator[str]:
    """Each liquidation that ended by how it went."""
    steps: dict[int, list[e.LiquidationStepTaken]] = {}
    taken: dict[int, list[int | None]] = {}
    for event in events:
        match event:
            case e.LiquidationStepTaken():
                steps.setdefault(event.liquidation_id, []).append(event)
            case e.PositionTakenOver():
                last = steps[event.liquidation_id][-1]
                taken.setdefault(event.liquidation_id, []).append(last.order_id)
            case e.LiquidationEnded():
                own = steps.get(event.liquidation_id, [])
                yield from _ended(event, own, taken.get(event.liquidation_id, []))
            case _:
                pass


def _ended(
    event: e.LiquidationEnded, steps: list[e.LiquidationStepTaken], taken: list[int | None]
) -> Iterator[str]:
    if event.outcome == LiquidationOutcome.RECOVERED:
        yield "recovered by a tier step" if steps else "recovered by added margin"
    elif steps and not taken:
        yield "closed on the book"
    elif any(order_id is not None for order_id in taken):
        yield "taken over at the takeover price"
    if None in taken:
        yield "taken over without equity"
    if len({(step.instrument_id, step.position_side) for step in steps}) > 1:
        yield "several positions liquidated"
    if event.deficit:
        yield "deficit"
    if event.shortfall:
        yield "shortfall"
