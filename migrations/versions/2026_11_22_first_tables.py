"""The first tables: worlds and journals, identities, and the projection of the journal."""

import sqlalchemy as sa
from alembic import op

revision = "first_tables"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "worlds",
    "journal_entries",
    "world_fences",
    "snapshots",
    "warm_up_candles",
    "users",
    "login_tokens",
    "user_accounts",
    "assets",
    "instruments",
    "instrument_states",
    "accounts",
    "account_settings",
    "wallets",
    "positions",
    "orders",
    "trades",
    "ledger_entries",
    "candles",
    "margin_calls",
    "liquidations",
    "liquidation_steps",
    "takeovers",
)


def _text(name: str, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _number(name: str, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null)


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [_number(name) for name in names]


def _id(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, autoincrement=False, nullable=False)


def _primary_key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _foreign_key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.{column}"], name=f"fk_{table}_{column}_{target}"
    )


def _index_where_set(table: str, column: str, *following: str) -> None:
    condition = sa.text(f"{column} IS NOT NULL")
    op.create_index(
        f"ix_{table}_{column}",
        table,
        ["world_id", column, *following],
        sqlite_where=condition,
        postgresql_where=condition,
    )


def upgrade() -> None:
    _create_worlds()
    _create_identities()
    _create_terms()
    _create_accounts()
    _create_orders()
    _create_trades()
    _create_ledger()
    _create_candles()
    _create_margin_calls()
    _create_liquidations()
    _create_what_liquidations_did()


def _create_worlds() -> None:
    op.create_table(
        "worlds",
        _text("world_id"),
        _text("title"),
        _number("created_ns"),
        _text("status"),
        _text("status_reason", null=True),
        _text("config"),
        _number("seed"),
        _primary_key("worlds", "world_id"),
    )
    op.create_table(
        "journal_entries",
        _text("world_id"),
        _id("seq"),
        _number("time_ns"),
        _number("wall_ns"),
        sa.Column("rules_version", sa.Integer, nullable=False),
        _bytes("entry"),
        _bytes("chain_hash"),
        _foreign_key("journal_entries", "world_id", "worlds"),
        sa.CheckConstraint(
            "length(chain_hash) = 32", name=op.f("ck_journal_entries_chain_hash_length")
        ),
        _primary_key("journal_entries", "world_id", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "world_fences",
        _text("world_id"),
        _number("fence"),
        _foreign_key("world_fences", "world_id", "worlds"),
        _primary_key("world_fences", "world_id"),
    )
    op.create_table(
        "snapshots",
        _text("world_id"),
        _id("seq"),
        _number("time_ns"),
        _bytes("state"),
        _bytes("state_hash"),
        _bytes("chain_hash"),
        _foreign_key("snapshots", "world_id", "worlds"),
        _primary_key("snapshots", "world_id", "seq"),
    )
    op.create_table(
        "warm_up_candles",
        _text("world_id"),
        _id("instrument_id"),
        _text("source"),
        _id("interval_s"),
        _id("open_time_ns"),
        *_numbers("open", "high", "low", "close"),
        _foreign_key("warm_up_candles", "world_id", "worlds"),
        _primary_key(
            "warm_up_candles", "world_id", "instrument_id", "source", "interval_s", "open_time_ns"
        ),
        sqlite_with_rowid=False,
    )


def _create_identities() -> None:
    op.create_table(
        "users",
        _text("user_id"),
        _text("kind"),
        _text("display_name", null=True),
        _number("created_ns"),
        _number("closed_ns", null=True),
        _primary_key("users", "user_id"),
    )
    op.create_table(
        "login_tokens",
        _bytes("token_hash"),
        _text("user_id"),
        _number("created_ns"),
        _number("expires_ns"),
        _foreign_key("login_tokens", "user_id", "users"),
        _primary_key("login_tokens", "token_hash"),
    )
    op.create_index("ix_login_tokens_user_id", "login_tokens", ["user_id"])
    op.create_table(
        "user_accounts",
        _text("world_id"),
        _id("account_id"),
        _text("user_id"),
        _text("label"),
        _number("created_ns"),
        _foreign_key("user_accounts", "user_id", "users"),
        _foreign_key("user_accounts", "world_id", "worlds"),
        _primary_key("user_accounts", "world_id", "account_id"),
    )
    op.create_index(
        "ix_user_accounts_user_id_world_id_account_id",
        "user_accounts",
        ["user_id", "world_id", "account_id"],
    )


def _create_terms() -> None:
    op.create_table(
        "assets",
        _text("world_id"),
        _id("asset_id"),
        _text("code"),
        _number("decimals"),
        _primary_key("assets", "world_id", "asset_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "instruments",
        _text("world_id"),
        _id("instrument_id"),
        _text("symbol"),
        _text("kind"),
        _text("base"),
        *_numbers("quote_asset_id", "price_decimals", "quantity_decimals", "notional_multiplier"),
        *_numbers("tick_size", "lot_size", "min_quantity", "max_quantity", "max_market_quantity"),
        *_numbers("min_notional", "price_band_rate", "max_open_orders", "maker_fee_rate"),
        *_numbers("taker_fee_rate", "liquidation_fee_rate", "sell_assumption_rate"),
        _text("mark_method"),
        _number("index_staleness_ns", null=True),
        _number("default_leverage"),
        _number("listed_ns"),
        _primary_key("instruments", "world_id", "instrument_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "instrument_states",
        _text("world_id"),
        _id("instrument_id"),
        _text("market_state"),
        _text("halt_reason"),
        _number("index_price", null=True),
        _number("index_time_ns"),
        _number("mark_price", null=True),
        _number("last_price", null=True),
        _primary_key("instrument_states", "world_id", "instrument_id"),
        sqlite_with_rowid=False,
    )


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        _text("world_id"),
        _id("account_id"),
        _number("spot_wallet_id"),
        _number("cross_wallet_id"),
        _number("maker_fee_rate", null=True),
        _number("taker_fee_rate", null=True),
        _number("opened_seq"),
        _number("opened_ns"),
        _primary_key("accounts", "world_id", "account_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "account_settings",
        _text("world_id"),
        _id("account_id"),
        _id("instrument_id"),
        _text("margin_mode"),
        _number("leverage"),
        _primary_key("account_settings", "world_id", "account_id", "instrument_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "wallets",
        _text("world_id"),
        _id("wallet_id"),
        _id("asset_id"),
        _number("account_id"),
        _text("kind"),
        _number("instrument_id", null=True),
        _text("position_side", null=True),
        *_numbers("balance", "locked", "settlement_debt"),
        _number("margin_call_id", null=True),
        _number("liquidation_id", null=True),
        _primary_key("wallets", "world_id", "wallet_id", "asset_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "positions",
        _text("world_id"),
        _id("account_id"),
        _id("instrument_id"),
        _text("position_side"),
        *_numbers("wallet_id", "quantity", "entry_notional", "opened_seq"),
        _primary_key("positions", "world_id", "account_id", "instrument_id", "position_side"),
        sqlite_with_rowid=False,
    )


def _create_orders() -> None:
    op.create_table(
        "orders",
        _text("world_id"),
        _id("order_id"),
        _number("account_id"),
        _number("instrument_id"),
        _text("side"),
        _text("order_type"),
        _text("time_in_force"),
        *_numbers("price", "quantity", "remaining_quantity", "filled_notional"),
        _text("status"),
        _text("cancel_reason", null=True),
        _text("margin_mode"),
        _flag("post_only"),
        _flag("reduce_only"),
        _flag("keep_margin"),
        _flag("quote"),
        _text("client_order_id", null=True),
        _number("liquidation_id", null=True),
        _number("created_ns"),
        _number("updated_ns"),
        _primary_key("orders", "world_id", "order_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_orders_world_id_account_id_order_id", "orders", ["world_id", "account_id", "order_id"]
    )


def _create_trades() -> None:
    op.create_table(
        "trades",
        _text("world_id"),
        _id("trade_id"),
        *_numbers("seq", "time_ns", "instrument_id", "price", "quantity", "notional"),
        _text("taker_side"),
        *_numbers("taker_order_id", "maker_order_id", "taker_account_id", "maker_account_id"),
        *_numbers("taker_fee", "maker_fee", "taker_realized_pnl", "maker_realized_pnl"),
        _primary_key("trades", "world_id", "trade_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_trades_world_id_maker_account_id_trade_id",
        "trades",
        ["world_id", "maker_account_id", "trade_id"],
    )
    op.create_index(
        "ix_trades_world_id_taker_account_id_trade_id",
        "trades",
        ["world_id", "taker_account_id", "trade_id"],
    )


def _create_ledger() -> None:
    op.create_table(
        "ledger_entries",
        _text("world_id"),
        _id("seq"),
        _id("entry_index"),
        _number("time_ns"),
        _text("kind"),
        _number("source"),
        _number("target"),
        _number("account_id", null=True),
        _number("other_account_id", null=True),
        _number("asset_id"),
        _number("amount"),
        _number("order_id", null=True),
        _number("trade_id", null=True),
        _number("liquidation_id", null=True),
        _text("reason", null=True),
        _primary_key("ledger_entries", "world_id", "seq", "entry_index"),
        sqlite_with_rowid=False,
    )
    _index_where_set("ledger_entries", "account_id", "seq", "entry_index")
    _index_where_set("ledger_entries", "other_account_id", "seq", "entry_index")


def _create_candles() -> None:
    op.create_table(
        "candles",
        _text("world_id"),
        _id("instrument_id"),
        _text("source"),
        _id("open_time_ns"),
        *_numbers("open", "high", "low", "close", "volume", "notional", "trade_count"),
        _primary_key("candles", "world_id", "instrument_id", "source", "open_time_ns"),
        sqlite_with_rowid=False,
    )


def _create_margin_calls() -> None:
    op.create_table(
        "margin_calls",
        _text("world_id"),
        _id("margin_call_id"),
        *_numbers("account_id", "wallet_id", "issued_seq", "issued_ns", "equity"),
        *_numbers("maintenance_margin", "call_margin", "instrument_id"),
        _text("position_side"),
        _number("mark_price"),
        _number("liquidation_price", null=True),
        *_numbers("quantity_to_reduce", "amount_to_add", "repeats"),
        _number("repeated_ns", null=True),
        _number("ended_seq", null=True),
        _number("ended_ns", null=True),
        _text("ended_by", null=True),
        _number("ended_equity", null=True),
        _primary_key("margin_calls", "world_id", "margin_call_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_margin_calls_world_id_account_id_margin_call_id",
        "margin_calls",
        ["world_id", "account_id", "margin_call_id"],
    )


def _create_liquidations() -> None:
    op.create_table(
        "liquidations",
        _text("world_id"),
        _id("liquidation_id"),
        *_numbers("account_id", "wallet_id", "started_seq", "started_ns", "equity"),
        *_numbers("maintenance_margin", "call_margin"),
        _number("ended_seq", null=True),
        _number("ended_ns", null=True),
        _text("outcome", null=True),
        _number("ended_equity", null=True),
        _number("fee", null=True),
        _number("deficit", null=True),
        _number("shortfall", null=True),
        _primary_key("liquidations", "world_id", "liquidation_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_liquidations_world_id_account_id_liquidation_id",
        "liquidations",
        ["world_id", "account_id", "liquidation_id"],
    )


def _create_what_liquidations_did() -> None:
    op.create_table(
        "liquidation_steps",
        _text("world_id"),
        _id("liquidation_id"),
        _id("seq"),
        _id("entry_index"),
        _number("time_ns"),
        _number("instrument_id"),
        _text("position_side"),
        *_numbers("tier", "mark_price", "takeover_price", "quantity", "equity"),
        _number("order_id", null=True),
        _primary_key("liquidation_steps", "world_id", "liquidation_id", "seq", "entry_index"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "takeovers",
        _text("world_id"),
        _id("liquidation_id"),
        _id("seq"),
        _id("entry_index"),
        _number("time_ns"),
        _number("instrument_id"),
        _text("position_side"),
        _number("quantity"),
        _number("notional"),
        _primary_key("takeovers", "world_id", "liquidation_id", "seq", "entry_index"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
