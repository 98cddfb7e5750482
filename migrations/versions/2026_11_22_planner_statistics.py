"""Statistics for SQLite's query planner: what the tables will look like when there is much in them.

Without any, SQLite takes a world for a handful of rows and reads all of its trades to find those
of one account. With `ANALYZE` the numbers can be replaced by those of a real database at any time.
"""

from alembic import op

revision = "planner_statistics"
down_revision = "readable_views"
branch_labels = None
depends_on = None

# Rows in all, then rows per value of the first column, of the first two columns, and so on.
KEY = "1000000 100000 1"
BY_ACCOUNT = "1000000 100000 500 1"
STATISTICS = (
    ("orders", "orders", KEY),
    ("orders", "ix_orders_world_id_account_id_order_id", BY_ACCOUNT),
    ("trades", "trades", KEY),
    ("trades", "ix_trades_world_id_taker_account_id_trade_id", BY_ACCOUNT),
    ("trades", "ix_trades_world_id_maker_account_id_trade_id", BY_ACCOUNT),
    ("ledger_entries", "ledger_entries", "1000000 100000 2 1"),
    ("ledger_entries", "ix_ledger_entries_account_id", "1000000 100000 500 2 1"),
    ("ledger_entries", "ix_ledger_entries_other_account_id", "100000 10000 500 2 1"),
    ("margin_calls", "margin_calls", KEY),
    ("margin_calls", "ix_margin_calls_world_id_account_id_margin_call_id", BY_ACCOUNT),
    ("liquidations", "liquidations", KEY),
    ("liquidations", "ix_liquidations_world_id_account_id_liquidation_id", BY_ACCOUNT),
)


def _is_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"


def upgrade() -> None:
    if not _is_sqlite():
        return
    op.execute("ANALYZE sqlite_master")
    for table, index, statistics in STATISTICS:
        op.execute(f"DELETE FROM sqlite_stat1 WHERE tbl = '{table}' AND idx = '{index}'")
        op.execute(f"INSERT INTO sqlite_stat1 VALUES ('{table}', '{index}', '{statistics}')")


def downgrade() -> None:
    if _is_sqlite():
        op.execute("DELETE FROM sqlite_stat1")
