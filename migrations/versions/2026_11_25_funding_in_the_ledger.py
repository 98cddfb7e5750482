"""The ledger account of funding by its name in the readable ledger."""

from alembic import op

revision = "funding_in_the_ledger"
down_revision = "logins_and_keys"
branch_labels = None
depends_on = None

ACCOUNTS = {1: "mint", 2: "fees", 3: "insurance_fund", 4: "shortfall", 5: "lending_pool"}


def upgrade() -> None:
    _create_view(ACCOUNTS | {6: "funding"})


def downgrade() -> None:
    _create_view(ACCOUNTS)


def _create_view(accounts: dict[int, str]) -> None:
    op.execute("DROP VIEW v_ledger")
    op.execute(f"""CREATE VIEW v_ledger AS
        SELECT l.world_id, l.seq, l.entry_index, {_utc("l.time_ns")} AS time_utc, l.kind,
            {_ledger_account("l.source", accounts)} AS source,
            {_ledger_account("l.target", accounts)} AS target,
            l.account_id, l.other_account_id, a.code AS asset,
            {_decimal("l.amount", "a.decimals")} AS amount,
            l.order_id, l.trade_id, l.liquidation_id, l.reason
        FROM ledger_entries l
        JOIN assets a ON a.world_id = l.world_id AND a.asset_id = l.asset_id""")


def _ledger_account(column: str, accounts: dict[int, str]) -> str:
    names = "\n".join(f"WHEN {column} = {each} THEN '{name}'" for each, name in accounts.items())
    return f"""CASE
            {names}
            WHEN {column} < 1000000 THEN 'clearing:' || ({column} - 1000)
            ELSE 'wallet:' || {column}
        END"""


def _is_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"


def _decimal(value: str, decimals: str) -> str:
    """SQLite divides real numbers; PostgreSQL multiplies decimal ones, which is exact."""
    if _is_sqlite():
        return f"({value}) / CAST('1e' || {decimals} AS REAL)"
    return f"({value}) * CAST('1e-' || {decimals} AS NUMERIC)"


def _utc(time_ns: str) -> str:
    """`2020-03-12 10:49:00.123`."""
    if _is_sqlite():
        seconds = f"strftime('%Y-%m-%d %H:%M:%S', {time_ns} / 1000000000, 'unixepoch')"
        return f"{seconds} || '.' || substr(1000 + {time_ns} / 1000000 % 1000, 2)"
    return (
        f"to_char(TIMESTAMP 'epoch' + {time_ns} / 1000000 * INTERVAL '1 millisecond',"
        " 'YYYY-MM-DD HH24:MI:SS.MS')"
    )
