"""Rows of the histories as shapes: the same words as for the live state."""

from simulator.api import names
from simulator.api.shapes import borrowing, histories, market, orders
from simulator.api.shapes.base import (
    PositionSideName,
    SelfTradePreventionName,
    TriggerSourceName,
)
from simulator.api.wire import InstrumentNumbers, Numbers, milliseconds, optional_rate
from simulator.core.model.accounts import ledger_account_name
from simulator.core.model.enums import (
    MarginMode,
    OrderType,
    PositionSide,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerSource,
)
from simulator.core.model.units import RATE_ONE, divide_half_even
from simulator.database.candles import CandleItem
from simulator.database.history_items import (
    DeleveragingItem,
    FundingPaymentItem,
    FundingRateItem,
    InterestItem,
    LedgerItem,
    LiquidationItem,
    LiquidationStepItem,
    MarginCallItem,
    OrderItem,
    TakeoverItem,
    TradeItem,
)
from simulator.database.statistics import StatisticsItem
from simulator.decimal_text import format_rate


def _optional_time(time_ns: int | None) -> int | None:
    return None if time_ns is None else milliseconds(time_ns)


def order_from_history(numbers: Numbers, row: OrderItem) -> orders.Order:
    of = numbers.by_id(row.instrument_id)
    filled = row.quantity - row.remaining_quantity
    return orders.Order(
        order_id=row.order_id,
        client_order_id=row.client_order_id,
        symbol=of.symbol,
        side=names.SIDE_NAMES[Side[row.side]],
        order_type=names.ORDER_TYPE_NAMES[OrderType[row.order_type]],
        time_in_force=names.TIME_IN_FORCE_NAMES[TimeInForce[row.time_in_force]],
        price=of.price(row.price),
        quantity=of.quantity(row.quantity),
        filled_quantity=of.quantity(filled),
        remaining_quantity=of.quantity(row.remaining_quantity),
        average_price=of.average_price(row.filled_notional, filled),
        status=row.status,
        cancel_reason=row.cancel_reason,
        post_only=bool(row.post_only),
        reduce_only=bool(row.reduce_only),
        keep_margin=bool(row.keep_margin),
        position_side=None if row.position_side is None else _side_name(row.position_side),
        margin_mode=names.MARGIN_MODE_NAMES[MarginMode[row.margin_mode]],
        liquidation_id=row.liquidation_id,
        trigger_source=_trigger_source(row.trigger_source),
        trigger_price=of.optional_price(row.trigger_price),
        callback_rate=optional_rate(row.callback_rate),
        activation_price=of.optional_price(row.activation_price),
        close_position=bool(row.close_position),
        expires=None if row.expires_ns is None else milliseconds(row.expires_ns),
        self_trade_prevention=_prevention(row.self_trade_prevention),
        list_id=row.list_id,
        waits_for=row.waits_for,
        created=milliseconds(row.created_ns),
        updated=milliseconds(row.updated_ns),
    )


def _trigger_source(name: str | None) -> TriggerSourceName | None:
    return None if name is None else names.TRIGGER_SOURCE_NAMES[TriggerSource[name]]


def _prevention(name: str | None) -> SelfTradePreventionName:
    """Orders that are older than the modes had the default."""
    return names.SELF_TRADE_PREVENTION_NAMES[SelfTradePrevention[name or "EXPIRE_MAKER"]]


def public_trade(of: InstrumentNumbers, row: TradeItem) -> market.PublicTrade:
    return market.PublicTrade(
        trade_id=row.trade_id,
        symbol=of.symbol,
        price=of.price(row.price),
        quantity=of.quantity(row.quantity),
        taker_side=names.SIDE_NAMES[Side[row.taker_side]],
        time=milliseconds(row.time_ns),
        seq=row.seq,
    )


def fills(numbers: Numbers, account_id: int, row: TradeItem) -> list[orders.Fill]:
    """The account's side of a trade, or both."""
    return [
        _fill(numbers, row, is_taker)
        for is_taker, owner in ((True, row.taker_account_id), (False, row.maker_account_id))
        if owner == account_id
    ]


def _fill(numbers: Numbers, row: TradeItem, is_taker: bool) -> orders.Fill:
    of = numbers.by_id(row.instrument_id)
    taker_side = names.SIDE_NAMES[Side[row.taker_side]]
    return orders.Fill(
        trade_id=row.trade_id,
        order_id=row.taker_order_id if is_taker else row.maker_order_id,
        symbol=of.symbol,
        side=taker_side if is_taker else names.OPPOSITE_SIDES[taker_side],
        price=of.price(row.price),
        quantity=of.quantity(row.quantity),
        fee=numbers.amount(row.taker_fee if is_taker else row.maker_fee),
        realized_pnl=numbers.amount(row.taker_realized_pnl if is_taker else row.maker_realized_pnl),
        liquidity="TAKER" if is_taker else "MAKER",
        time=milliseconds(row.time_ns),
        seq=row.seq,
    )


def candle(numbers: Numbers, of: InstrumentNumbers, row: CandleItem) -> market.Candle:
    return market.Candle(
        open_time=milliseconds(row.open_time_ns),
        open=of.price(row.open),
        high=of.price(row.high),
        low=of.price(row.low),
        close=of.price(row.close),
        volume=of.quantity(row.volume),
        notional=numbers.amount(row.notional),
        trade_count=row.trade_count,
        warm_up=row.warm_up,
    )


def statistics(
    numbers: Numbers,
    of: InstrumentNumbers,
    row: StatisticsItem | None,
    last_price: int | None,
) -> market.InstrumentStatistics:
    """Of an instrument that traded within the window, or (without a row) did not."""
    if row is None:
        return market.InstrumentStatistics(
            symbol=of.symbol,
            open=None,
            high=None,
            low=None,
            last=of.optional_price(last_price),
            change=None,
            change_rate=None,
            volume=of.quantity(0),
            notional=numbers.amount(0),
            trade_count=0,
        )
    change = row.last - row.open
    return market.InstrumentStatistics(
        symbol=of.symbol,
        open=of.price(row.open),
        high=of.price(row.high),
        low=of.price(row.low),
        last=of.price(row.last),
        change=of.price(change),
        change_rate=format_rate(divide_half_even(change * RATE_ONE, row.open)),
        volume=of.quantity(row.volume),
        notional=numbers.amount(row.notional),
        trade_count=row.trade_count,
    )


def ledger_entry(numbers: Numbers, row: LedgerItem) -> histories.LedgerEntry:
    return histories.LedgerEntry(
        seq=row.seq,
        index=row.entry_index,
        time=milliseconds(row.time_ns),
        kind=row.kind,
        source=ledger_account_name(row.source),
        target=ledger_account_name(row.target),
        asset=numbers.asset_code(row.asset_id),
        amount=numbers.amount(row.amount, row.asset_id),
        order_id=row.order_id,
        trade_id=row.trade_id,
        liquidation_id=row.liquidation_id,
        reason=row.reason,
    )


def margin_call(numbers: Numbers, row: MarginCallItem) -> histories.MarginCall:
    of = numbers.by_id(row.instrument_id)
    return histories.MarginCall(
        margin_call_id=row.margin_call_id,
        wallet_id=row.wallet_id,
        issued=milliseconds(row.issued_ns),
        issued_seq=row.issued_seq,
        equity=numbers.amount(row.equity),
        maintenance_margin=numbers.amount(row.maintenance_margin),
        call_margin=numbers.amount(row.call_margin),
        symbol=of.symbol,
        position_side=_side_name(row.position_side),
        mark_price=of.price(row.mark_price),
        liquidation_price=of.optional_price(row.liquidation_price),
        quantity_to_reduce=of.quantity(row.quantity_to_reduce),
        amount_to_add=numbers.amount(row.amount_to_add),
        amount_to_repay=numbers.amount(row.amount_to_repay),
        repeats=row.repeats,
        repeated=_optional_time(row.repeated_ns),
        ended=_optional_time(row.ended_ns),
        ended_seq=row.ended_seq,
        ended_by=row.ended_by,
        ended_equity=numbers.optional_amount(row.ended_equity),
    )


def liquidation(numbers: Numbers, row: LiquidationItem) -> histories.Liquidation:
    return histories.Liquidation(
        liquidation_id=row.liquidation_id,
        wallet_id=row.wallet_id,
        started=milliseconds(row.started_ns),
        started_seq=row.started_seq,
        equity=numbers.amount(row.equity),
        maintenance_margin=numbers.amount(row.maintenance_margin),
        call_margin=numbers.amount(row.call_margin),
        ended=_optional_time(row.ended_ns),
        ended_seq=row.ended_seq,
        outcome=row.outcome,
        ended_equity=numbers.optional_amount(row.ended_equity),
        fee=numbers.optional_amount(row.fee),
        deficit=numbers.optional_amount(row.deficit),
        shortfall=numbers.optional_amount(row.shortfall),
    )


def liquidation_step(numbers: Numbers, row: LiquidationStepItem) -> histories.LiquidationStep:
    of = numbers.by_id(row.instrument_id)
    return histories.LiquidationStep(
        seq=row.seq,
        time=milliseconds(row.time_ns),
        symbol=of.symbol,
        position_side=_side_name(row.position_side),
        tier=row.tier,
        mark_price=of.price(row.mark_price),
        takeover_price=of.price(row.takeover_price),
        quantity=of.quantity(row.quantity),
        equity=numbers.amount(row.equity),
        order_id=row.order_id,
    )


def takeover(numbers: Numbers, row: TakeoverItem) -> histories.Takeover:
    of = numbers.by_id(row.instrument_id)
    return histories.Takeover(
        seq=row.seq,
        time=milliseconds(row.time_ns),
        symbol=of.symbol,
        position_side=_side_name(row.position_side),
        quantity=of.quantity(row.quantity),
        notional=numbers.amount(row.notional),
    )


def deleveraging(numbers: Numbers, row: DeleveragingItem) -> histories.Deleveraging:
    of = numbers.by_id(row.instrument_id)
    return histories.Deleveraging(
        seq=row.seq,
        time=milliseconds(row.time_ns),
        symbol=of.symbol,
        position_side=_side_name(row.position_side),
        account_id=row.account_id,
        quantity=of.quantity(row.quantity),
        notional=numbers.amount(row.notional),
    )


def funding_rate(of: InstrumentNumbers, row: FundingRateItem) -> market.FundingRate:
    average = row.average_premium
    return market.FundingRate(
        symbol=of.symbol,
        stamp=milliseconds(row.stamp_ns),
        seq=row.seq,
        rate=format_rate(row.rate),
        mark_price=of.price(row.mark_price),
        average_premium=None if average is None else format_rate(average),
    )


def funding_payment(numbers: Numbers, row: FundingPaymentItem) -> histories.FundingPayment:
    of = numbers.by_id(row.instrument_id)
    return histories.FundingPayment(
        seq=row.seq,
        stamp=milliseconds(row.stamp_ns),
        symbol=of.symbol,
        position_side=_side_name(row.position_side),
        wallet_id=row.wallet_id,
        quantity=of.quantity(row.quantity),
        amount=numbers.amount(row.amount),
    )


def interest_charge(numbers: Numbers, row: InterestItem) -> borrowing.InterestCharge:
    return borrowing.InterestCharge(
        seq=row.seq,
        time=milliseconds(row.time_ns),
        wallet_id=row.wallet_id,
        asset=numbers.asset_code(row.asset_id),
        principal=numbers.amount(row.principal, row.asset_id),
        daily_borrow_rate=format_rate(row.borrow_rate),
        interest=numbers.amount(row.amount, row.asset_id),
    )


def _side_name(text: str) -> PositionSideName:
    return names.POSITION_SIDE_NAMES[PositionSide[text]]
