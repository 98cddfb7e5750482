"""Funding rates and payments, and whose positions were closed by auto-deleveraging."""

import sqlalchemy as sa
from alembic import op

revision = "funding_and_deleveraging"
down_revision = "position_side_of_orders"
branch_labels = None
depends_on = None

TABLES = {
    "deleveragings": (
        ("liquidation_id", "seq", "entry_index"),
        ("time_ns", "instrument_id", "position_side", "account_id", "wallet_id", "quantity",
         "notional", "score"),
    ),
    "funding_rates": (
        ("instrument_id", "stamp_ns"),
        ("seq", "rate", "mark_price", "average_premium"),
    ),
    "funding_payments": (
        ("account_id", "seq", "entry_index"),
        ("stamp_ns", "instrument_id", "wallet_id", "position_side", "quantity", "amount"),
    ),
}  # fmt: skip


def _column(name: str, autoincrement: bool | str) -> sa.Column[object]:
    kind = sa.Text if name == "position_side" else sa.BigInteger
    null = name == "average_premium"
    return sa.Column(name, kind, nullable=null, autoincrement=autoincrement)


def upgrade() -> None:
    for table, (key, others) in TABLES.items():
        op.create_table(
            table,
            sa.Column("world_id", sa.Text, nullable=False),
            *(_column(name, False) for name in key),
            *(_column(name, "auto") for name in others),
            sa.PrimaryKeyConstraint("world_id", *key, name=op.f(f"pk_{table}")),
            sqlite_with_rowid=False,
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
