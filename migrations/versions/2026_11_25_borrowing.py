"""What wallets have borrowed, what it costs by the hour, and interest income in the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "borrowing"
down_revision = "waiting_orders"
branch_labels = None
depends_on = None

ACCOUNTS = {
    1: "mint",
    2: "fees",
    3: "insurance_fund",
    4: "shortfall",
    5: "lending_pool",
    6: "funding",
}
INTEREST = ("time_ns", "wallet_id", "asset_id", "principal", "borrow_rate", "amount")


def upgrade() -> None:
    for view in ("v_wallets", "v_ledger"):
        op.execute(f"DROP VIEW {view}")
    for name in ("borrowed", "interest"):
        column = sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        op.add_column("wallets", column)
    op.create_table(
        "interest_charges",
        sa.Column("world_id", sa.Text, nullable=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False)
            for name in ("account_id", "seq", "entry_index")
        ),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in INTEREST),
        sa.PrimaryKeyConstraint(
            "world_id", "account_id", "seq", "entry_index", name=op.f("pk_interest_charges")
        ),
        sqlite_with_rowid=False,
    )
    _create_ledger_view(ACCOUNTS | {7: "interest_income"})
    _create_wallet_view(("settlement_debt", "borrowed", "interest"))
    op.execute(f"""CREATE VIEW v_interest AS
        SELECT c.world_id, c.account_id, c.seq, c.entry_index,
            {_utc("c.time_ns")} AS time_utc, c.wallet_id,
            a.code AS asset,
            {_decimal("c.principal", "a.decimals")} AS principal,
            {_decimal("c.borrow_rate", "12")} AS daily_rate,
            {_decimal("c.amount", "a.decimals")} AS interest
        FROM interest_charges c
        JOIN assets a ON a.world_id = c.world_id AND a.asset_id = c.asset_id""")


def downgrade() -> None:
    for view in ("v_interest", "v_wallets", "v_ledger"):
        op.execute(f"DROP VIEW {view}")
    op.drop_table("interest_charges")
    for name in ("interest", "borrowed"):
        op.drop_column("wallets", name)
    _create_ledger_view(ACCOUNTS)
    _create_wallet_view(("settlement_debt",))


def _create_ledger_view(accounts: dict[int, str]) -> None:
    op.execute(f"""CREATE VIEW v_ledger AS
        SELECT l.world_id, l.seq, l.entry_index, {_utc("l.time_ns")} AS time_utc, l.kind,
            {_ledger_account("l.source", accounts)} AS source,
            {_ledger_account("l.target", accounts)} AS target,
            l.account_id, l.other_account_id, a.code AS asset,
            {_decimal("l.amount", "a.decimals")} AS amount,
            l.order_id, l.trade_id, l.liquidation_id, l.reason
        FROM ledger_entries l
        JOIN assets a ON a.world_id = l.world_id AND a.asset_id = l.asset_id""")


def _create_wallet_view(debts: tuple[str, ...]) -> None:
    amounts = {"balance": "v.balance", "locked": "v.locked", "free": "v.balance - v.locked"}
    amounts |= {name: f"v.{name}" for name in debts}
    columns = ",\n".join(
        f"{_decimal(value, 'a.decimals')} AS {name}" for name, value in amounts.items()
    )
    op.execute(f"""CREATE VIEW v_wallets AS
        SELECT v.world_id, v.wallet_id, v.account_id, v.kind, i.symbol, v.position_side,
            a.code AS asset,
            {columns},
            v.margin_call_id, v.liquidation_id
        FROM wallets v
        JOIN assets a ON a.world_id = v.world_id AND a.asset_id = v.asset_id
        LEFT JOIN instruments i
          ON i.world_id = v.world_id AND i.instrument_id = v.instrument_id""")


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
