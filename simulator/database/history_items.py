"""Rows of histories: what an item of each list is. Integers as in the tables."""

import msgspec


class Item(msgspec.Struct, frozen=True):
    """A row of a history; its fields are columns of the table."""


class OrderItem(Item, frozen=True):
    order_id: int
    account_id: int
    instrument_id: int
    side: str
    order_type: str
    time_in_force: str
    price: int
    quantity: int
    remaining_quantity: int
    filled_notional: int
    status: str
    cancel_reason: str | None
    margin_mode: str
    post_only: bool
    reduce_only: bool
    keep_margin: bool
    quote: bool
    client_order_id: str | None
    liquidation_id: int | None
    created_ns: int
    updated_ns: int
    position_side: str | None
    trigger_source: str | None
    trigger_price: int | None
    callback_rate: int | None
    activation_price: int | None
    close_position: bool | None
    expires_ns: int | None
    self_trade_prevention: str | None
    list_id: int | None
    waits_for: int | None


class TradeItem(Item, frozen=True):
    """Both halves of a trade; the caller leaves out what its reader must not know."""

    trade_id: int
    seq: int
    time_ns: int
    instrument_id: int
    price: int
    quantity: int
    notional: int
    taker_side: str
    taker_order_id: int
    maker_order_id: int
    taker_account_id: int
    maker_account_id: int
    taker_fee: int
    maker_fee: int
    taker_realized_pnl: int
    maker_realized_pnl: int


class LedgerItem(Item, frozen=True):
    seq: int
    entry_index: int
    time_ns: int
    kind: str
    source: int
    target: int
    account_id: int | None
    other_account_id: int | None
    asset_id: int
    amount: int
    order_id: int | None
    trade_id: int | None
    liquidation_id: int | None
    reason: str | None


class MarginCallItem(Item, frozen=True):
    margin_call_id: int
    account_id: int
    wallet_id: int
    issued_seq: int
    issued_ns: int
    equity: int
    maintenance_margin: int
    call_margin: int
    instrument_id: int
    position_side: str
    mark_price: int
    liquidation_price: int | None
    quantity_to_reduce: int
    amount_to_add: int
    amount_to_repay: int
    repeats: int
    repeated_ns: int | None
    ended_seq: int | None
    ended_ns: int | None
    ended_by: str | None
    ended_equity: int | None


class LiquidationItem(Item, frozen=True):
    liquidation_id: int
    account_id: int
    wallet_id: int
    started_seq: int
    started_ns: int
    equity: int
    maintenance_margin: int
    call_margin: int
    ended_seq: int | None
    ended_ns: int | None
    outcome: str | None
    ended_equity: int | None
    fee: int | None
    deficit: int | None
    shortfall: int | None


class LiquidationStepItem(Item, frozen=True):
    seq: int
    entry_index: int
    time_ns: int
    instrument_id: int
    position_side: str
    tier: int
    mark_price: int
    takeover_price: int
    quantity: int
    equity: int
    order_id: int | None


class TakeoverItem(Item, frozen=True):
    seq: int
    entry_index: int
    time_ns: int
    instrument_id: int
    position_side: str
    quantity: int
    notional: int


class DeleveragingItem(Item, frozen=True):
    seq: int
    entry_index: int
    time_ns: int
    instrument_id: int
    position_side: str
    account_id: int
    quantity: int
    notional: int


class FundingRateItem(Item, frozen=True):
    instrument_id: int
    stamp_ns: int
    seq: int
    rate: int
    mark_price: int
    average_premium: int | None


class FundingPaymentItem(Item, frozen=True):
    seq: int
    entry_index: int
    stamp_ns: int
    instrument_id: int
    wallet_id: int
    position_side: str
    quantity: int
    amount: int


class InterestItem(Item, frozen=True):
    seq: int
    entry_index: int
    time_ns: int
    wallet_id: int
    asset_id: int
    principal: int
    borrow_rate: int
    amount: int
