"""Orders that wait for a trigger or an entry, of lists, with a time to expire; and their view."""

import sqlalchemy as sa
from alembic import op

revision = "waiting_orders"
down_revision = "funding_and_deleveraging"
branch_labels = None
depends_on = None

COLUMNS = {
    "trigger_source": sa.Text(),
    "trigger_price": sa.BigInteger(),
    "callback_rate": sa.BigInteger(),
    "activation_price": sa.BigInteger(),
    "close_position": sa.Boolean(),
    "expires_ns": sa.BigInteger(),
    "self_trade_prevention": sa.Text(),
    "list_id": sa.BigInteger(),
    "waits_for": sa.BigInteger(),
}


def _decimal(value: str, decimals: str) -> str:
    """As the views before: a real number in SQLite, an exact one in PostgreSQL."""
    if op.get_context().dialect.name == "sqlite":
        return f"({value}) / CAST('1e' || {decimals} AS REAL)"
    return f"({value}) * CAST('1e-' || {decimals} AS NUMERIC)"


def _utc(time_ns: str) -> str:
    if op.get_context().dialect.name == "sqlite":
        seconds = f"strftime('%Y-%m-%d %H:%M:%S', {time_ns} / 1000000000, 'unixepoch')"
        return f"{seconds} || '.' || substr(1000 + {time_ns} / 1000000 % 1000, 2)"
    return (
        f"to_char(TIMESTAMP 'epoch' + {time_ns} / 1000000 * INTERVAL '1 millisecond',"
        " 'YYYY-MM-DD HH24:MI:SS.MS')"
    )


def _orders(more: str) -> str:
    price, quantity = "i.price_decimals", "i.quantity_decimals"
    filled = "o.quantity - o.remaining_quantity"
    average = f"({_decimal('o.filled_notional', 'a.decimals')}) / ({_decimal(filled, quantity)})"
    return f"""
        CREATE VIEW v_orders AS
        SELECT o.world_id, o.order_id, o.account_id, i.symbol, o.side, o.order_type,
            o.time_in_force,
            {_decimal("o.price", price)} AS price,
            {_decimal("o.quantity", quantity)} AS quantity,
            {_decimal(filled, quantity)} AS filled_quantity,
            {_decimal("o.remaining_quantity", quantity)} AS remaining_quantity,
            CASE WHEN ({filled}) <> 0 THEN {average} END AS average_price,
            o.status, o.cancel_reason, o.margin_mode, o.post_only, o.reduce_only, o.keep_margin,
            o.quote, o.client_order_id, o.liquidation_id,
            {_utc("o.created_ns")} AS created_utc,
            {_utc("o.updated_ns")} AS updated_utc{more}
        FROM orders o
        JOIN instruments i ON i.world_id = o.world_id AND i.instrument_id = o.instrument_id
        JOIN assets a ON a.world_id = i.world_id AND a.asset_id = i.quote_asset_id"""


def _waiting() -> str:
    return f""",
            o.position_side, o.trigger_source,
            {_decimal("o.trigger_price", "i.price_decimals")} AS trigger_price,
            {_decimal("o.callback_rate", "12")} AS callback_rate,
            {_decimal("o.activation_price", "i.price_decimals")} AS activation_price,
            o.close_position, o.self_trade_prevention, o.list_id, o.waits_for,
            {_utc("o.expires_ns")} AS expires_utc"""


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("orders", sa.Column(name, kind, nullable=True))
    op.execute("DROP VIEW v_orders")
    op.execute(_orders(_waiting()))


def downgrade() -> None:
    op.execute("DROP VIEW v_orders")
    for name in reversed(COLUMNS):
        op.drop_column("orders", name)
    op.execute(_orders(""))
