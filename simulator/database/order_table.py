"""The table of orders, open and ended."""

from sqlalchemy import Index

from simulator.database.columns import (
    clustered,
    flag,
    key,
    number,
    optional,
    optional_flag,
    optional_word,
    word,
    world,
)

orders = clustered(
    "orders",
    world(),
    key("order_id"),
    number("account_id"),
    number("instrument_id"),
    word("side"),
    word("order_type"),
    word("time_in_force"),
    number("price"),
    number("quantity"),
    number("remaining_quantity"),
    number("filled_notional"),
    word("status"),
    optional_word("cancel_reason"),
    word("margin_mode"),
    flag("post_only"),
    flag("reduce_only"),
    flag("keep_margin"),
    flag("quote"),
    optional_word("client_order_id"),
    optional("liquidation_id"),
    number("created_ns"),
    number("updated_ns"),
    optional_word("position_side"),
    optional_word("trigger_source"),
    optional("trigger_price"),
    optional("callback_rate"),
    optional("activation_price"),
    optional_flag("close_position"),
    optional("expires_ns"),
    optional_word("self_trade_prevention"),
    optional("list_id"),
    optional("waits_for"),
    Index(None, "world_id", "account_id", "order_id"),
)
"""A market maker's quote has no row until something of it fills.

What orders before the first trigger order did not have is null in their rows.
"""
