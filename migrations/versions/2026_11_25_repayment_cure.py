"""The third cure of a margin call: debts of what value to repay out of what the wallet holds."""

import sqlalchemy as sa
from alembic import op

revision = "repayment_cure"
down_revision = "borrowing"
branch_labels = None
depends_on = None

CURES = {"quantity_to_reduce": "i.quantity_decimals", "amount_to_add": "a.decimals"}


def upgrade() -> None:
    op.execute("DROP VIEW v_margin_calls")
    column = sa.Column("amount_to_repay", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("margin_calls", column)
    _create_view(CURES | {"amount_to_repay": "a.decimals"})


def downgrade() -> None:
    op.execute("DROP VIEW v_margin_calls")
    op.drop_column("margin_calls", "amount_to_repay")
    _create_view(CURES)


def _create_view(cures: dict[str, str]) -> None:
    told = ",\n".join(
        f"{_decimal('m.' + name, decimals)} AS {name}" for name, decimals in cures.items()
    )
    op.execute(f"""CREATE VIEW v_margin_calls AS
        SELECT m.world_id, m.margin_call_id, m.account_id, m.wallet_id,
            {_utc("m.issued_ns")} AS issued_utc,
            {_decimal("m.equity", "a.decimals")} AS equity,
            {_decimal("m.call_margin", "a.decimals")} AS call_margin,
            {_decimal("m.maintenance_margin", "a.decimals")} AS maintenance_margin,
            i.symbol, m.position_side,
            {_decimal("m.mark_price", "i.price_decimals")} AS mark_price,
            {_decimal("m.liquidation_price", "i.price_decimals")} AS liquidation_price,
            {told},
            m.repeats, {_utc("m.repeated_ns")} AS repeated_utc,
            m.ended_by, {_utc("m.ended_ns")} AS ended_utc,
            {_decimal("m.ended_equity", "a.decimals")} AS ended_equity
        FROM margin_calls m
        JOIN instruments i
          ON i.world_id = m.world_id AND i.instrument_id = m.instrument_id
        JOIN assets a ON a.world_id = i.world_id AND a.asset_id = i.quote_asset_id""")


def _is_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"


def _decimal(value: str, decimals: str) -> str:
    """SQLite divides real numbers; PostgreSQL multiplies decimal ones, which is exact."""
    if _is_sqlite():
        return f"({value}) / CAST('1e' || {decimals} AS REAL)"
    return f"({value}) * CAST('1e-' || {decimals} AS NUMERIC)"


def _utc(time_ns: str) -> str:
    """`2020-03-12 10:49:00.123`; null if the time is."""
    if _is_sqlite():
        seconds = f"strftime('%Y-%m-%d %H:%M:%S', {time_ns} / 1000000000, 'unixepoch')"
        return f"{seconds} || '.' || substr(1000 + {time_ns} / 1000000 % 1000, 2)"
    return (
        f"to_char(TIMESTAMP 'epoch' + {time_ns} / 1000000 * INTERVAL '1 millisecond',"
        " 'YYYY-MM-DD HH24:MI:SS.MS')"
    )
