"""The tables. Money, prices and quantities are integers, as in the core; times are in ns.

Three groups: what cannot be derived (worlds, journal, snapshots, identities, warm-up candles),
the projection (recreated from the journal by `rebuild`), and nothing else. Every key starts
with the world. Hot tables are clustered by their key on SQLite (WITHOUT ROWID) and have few
secondary indexes and no foreign keys, because one thread writes them all at the speed of the
exchange. People read the views (`v_orders`, ...), which print decimals and UTC.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _world(**options: Any) -> Column[str]:
    return Column("world_id", Text, primary_key=True, **options)


def _world_of_registry() -> Column[str]:
    return Column("world_id", Text, ForeignKey("worlds.world_id"), primary_key=True)


def _key(name: str) -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def _number(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _optional(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=True)


def _word(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _optional_word(name: str) -> Column[str]:
    return Column(name, Text, nullable=True)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _clustered(name: str, *items: Any) -> Table:
    return Table(name, metadata, *items, sqlite_with_rowid=False)


def _index_where_set(table: str, column: str, *following: str) -> Index:
    """An index per world that leaves out the rows in which the column is null."""
    condition = text(f"{column} IS NOT NULL")
    return Index(
        f"ix_{table}_{column}",
        "world_id",
        column,
        *following,
        sqlite_where=condition,
        postgresql_where=condition,
    )


# -- worlds and their journals ---------------------------------------------------------------------

worlds = Table(
    "worlds",
    metadata,
    _world(),
    _word("title"),
    _number("created_ns"),
    _word("status"),
    _optional_word("status_reason"),
    _word("config"),
    _number("seed"),
)

journal_entries = _clustered(
    "journal_entries",
    _world_of_registry(),
    _key("seq"),
    _number("time_ns"),
    _number("wall_ns"),
    Column("rules_version", Integer, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("chain_hash", LargeBinary, nullable=False),
    CheckConstraint("length(chain_hash) = 32", name="chain_hash_length"),
)

world_fences = Table("world_fences", metadata, _world_of_registry(), _number("fence"))
"""How often each world was claimed by a process; see `ownership`."""

snapshots = Table(
    "snapshots",
    metadata,
    _world_of_registry(),
    _key("seq"),
    _number("time_ns"),
    Column("state", LargeBinary, nullable=False),
    Column("state_hash", LargeBinary, nullable=False),
    Column("chain_hash", LargeBinary, nullable=False),
)

warm_up_candles = _clustered(
    "warm_up_candles",
    _world_of_registry(),
    _key("instrument_id"),
    Column("source", Text, primary_key=True),
    _key("interval_s"),
    _key("open_time_ns"),
    _number("open"),
    _number("high"),
    _number("low"),
    _number("close"),
)
"""Made at a world's creation, from before its first moment: no projection of its journal."""

# -- identities: no projection, never touched by `rebuild` -----------------------------------------

users = Table(
    "users",
    metadata,
    Column("user_id", Text, primary_key=True),
    _word("kind"),
    _optional_word("display_name"),
    _number("created_ns"),
    _optional("closed_ns"),
)

login_tokens = Table(
    "login_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False, index=True),
    _number("created_ns"),
    _number("expires_ns"),
)

user_accounts = Table(
    "user_accounts",
    metadata,
    _world_of_registry(),
    _key("account_id"),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False),
    _word("label"),
    _number("created_ns"),
    Index(None, "user_id", "world_id", "account_id"),
)

owned_worlds = Table(
    "owned_worlds",
    metadata,
    _world_of_registry(),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False, index=True),
    _word("speed"),
    _flag("paused"),
)
"""Worlds that users made, and how their clocks were left; the server's own have no row."""

# -- the projection: terms -------------------------------------------------------------------------

assets = _clustered("assets", _world(), _key("asset_id"), _word("code"), _number("decimals"))

instruments = _clustered(
    "instruments",
    _world(),
    _key("instrument_id"),
    _word("symbol"),
    _word("kind"),
    _word("base"),
    _number("quote_asset_id"),
    _number("price_decimals"),
    _number("quantity_decimals"),
    _number("notional_multiplier"),
    _number("tick_size"),
    _number("lot_size"),
    _number("min_quantity"),
    _number("max_quantity"),
    _number("max_market_quantity"),
    _number("min_notional"),
    _number("price_band_rate"),
    _number("max_open_orders"),
    _number("maker_fee_rate"),
    _number("taker_fee_rate"),
    _number("liquidation_fee_rate"),
    _number("sell_assumption_rate"),
    _word("mark_method"),
    _optional("index_staleness_ns"),
    _number("default_leverage"),
    _number("listed_ns"),
)

instrument_states = _clustered(
    "instrument_states",
    _world(),
    _key("instrument_id"),
    _word("market_state"),
    _word("halt_reason"),
    _optional("index_price"),
    _number("index_time_ns"),
    _optional("mark_price"),
    _optional("last_price"),
)

# -- the projection: accounts ----------------------------------------------------------------------

accounts = _clustered(
    "accounts",
    _world(),
    _key("account_id"),
    _number("spot_wallet_id"),
    _number("cross_wallet_id"),
    _optional("maker_fee_rate"),
    _optional("taker_fee_rate"),
    _number("opened_seq"),
    _number("opened_ns"),
)

account_settings = _clustered(
    "account_settings",
    _world(),
    _key("account_id"),
    _key("instrument_id"),
    _word("margin_mode"),
    _number("leverage"),
)

wallets = _clustered(
    "wallets",
    _world(),
    _key("wallet_id"),
    _key("asset_id"),
    _number("account_id"),
    _word("kind"),
    _optional("instrument_id"),
    _optional_word("position_side"),
    _number("balance"),
    _number("locked"),
    _number("settlement_debt"),
    _optional("margin_call_id"),
    _optional("liquidation_id"),
)
"""Every wallet has a row for the valuation asset, and one for each asset that it ever held."""

positions = _clustered(
    "positions",
    _world(),
    _key("account_id"),
    _key("instrument_id"),
    Column("position_side", Text, primary_key=True),
    _number("wallet_id"),
    _number("quantity"),
    _number("entry_notional"),
    _number("opened_seq"),
)
"""Open positions only; what became of the others is in trades and ledger entries."""

# -- the projection: orders, trades, money ---------------------------------------------------------

orders = _clustered(
    "orders",
    _world(),
    _key("order_id"),
    _number("account_id"),
    _number("instrument_id"),
    _word("side"),
    _word("order_type"),
    _word("time_in_force"),
    _number("price"),
    _number("quantity"),
    _number("remaining_quantity"),
    _number("filled_notional"),
    _word("status"),
    _optional_word("cancel_reason"),
    _word("margin_mode"),
    _flag("post_only"),
    _flag("reduce_only"),
    _flag("keep_margin"),
    _flag("quote"),
    _optional_word("client_order_id"),
    _optional("liquidation_id"),
    _number("created_ns"),
    _number("updated_ns"),
    Index(None, "world_id", "account_id", "order_id"),
)
"""A market maker's quote has no row until something of it fills."""

trades = _clustered(
    "trades",
    _world(),
    _key("trade_id"),
    _number("seq"),
    _number("time_ns"),
    _number("instrument_id"),
    _number("price"),
    _number("quantity"),
    _number("notional"),
    _word("taker_side"),
    _number("taker_order_id"),
    _number("maker_order_id"),
    _number("taker_account_id"),
    _number("maker_account_id"),
    _number("taker_fee"),
    _number("maker_fee"),
    _number("taker_realized_pnl"),
    _number("maker_realized_pnl"),
    Index(None, "world_id", "taker_account_id", "trade_id"),
    Index(None, "world_id", "maker_account_id", "trade_id"),
)

ledger_entries = _clustered(
    "ledger_entries",
    _world(),
    _key("seq"),
    _key("entry_index"),
    _number("time_ns"),
    _word("kind"),
    _number("source"),
    _number("target"),
    _optional("account_id"),
    _optional("other_account_id"),
    _number("asset_id"),
    _number("amount"),
    _optional("order_id"),
    _optional("trade_id"),
    _optional("liquidation_id"),
    _optional_word("reason"),
    _index_where_set("ledger_entries", "account_id", "seq", "entry_index"),
    _index_where_set("ledger_entries", "other_account_id", "seq", "entry_index"),
)
"""LED-2: one row per transfer, at its place among the events of its journal entry.

`account_id` is the account whose wallets pay or receive, none if no wallet is concerned. Between
wallets of two accounts it is the payer's, and `other_account_id` the receiver's.
"""

candles = _clustered(
    "candles",
    _world(),
    _key("instrument_id"),
    Column("source", Text, primary_key=True),
    _key("open_time_ns"),
    _number("open"),
    _number("high"),
    _number("low"),
    _number("close"),
    _number("volume"),
    _number("notional"),
    _number("trade_count"),
)
"""One-minute bars of LAST, MARK and INDEX; longer ones are put together by the query."""

# -- the projection: margin calls and liquidations -------------------------------------------------

margin_calls = _clustered(
    "margin_calls",
    _world(),
    _key("margin_call_id"),
    _number("account_id"),
    _number("wallet_id"),
    _number("issued_seq"),
    _number("issued_ns"),
    _number("equity"),
    _number("maintenance_margin"),
    _number("call_margin"),
    _number("instrument_id"),
    _word("position_side"),
    _number("mark_price"),
    _optional("liquidation_price"),
    _number("quantity_to_reduce"),
    _number("amount_to_add"),
    _number("repeats"),
    _optional("repeated_ns"),
    _optional("ended_seq"),
    _optional("ended_ns"),
    _optional_word("ended_by"),
    _optional("ended_equity"),
    Index(None, "world_id", "account_id", "margin_call_id"),
)
"""The numbers are those of the first issue; `ended_by` is CURED, LIQUIDATED or CLOSED."""

liquidations = _clustered(
    "liquidations",
    _world(),
    _key("liquidation_id"),
    _number("account_id"),
    _number("wallet_id"),
    _number("started_seq"),
    _number("started_ns"),
    _number("equity"),
    _number("maintenance_margin"),
    _number("call_margin"),
    _optional("ended_seq"),
    _optional("ended_ns"),
    _optional_word("outcome"),
    _optional("ended_equity"),
    _optional("fee"),
    _optional("deficit"),
    _optional("shortfall"),
    Index(None, "world_id", "account_id", "liquidation_id"),
)

liquidation_steps = _clustered(
    "liquidation_steps",
    _world(),
    _key("liquidation_id"),
    _key("seq"),
    _key("entry_index"),
    _number("time_ns"),
    _number("instrument_id"),
    _word("position_side"),
    _number("tier"),
    _number("mark_price"),
    _number("takeover_price"),
    _number("quantity"),
    _number("equity"),
    _optional("order_id"),
)

takeovers = _clustered(
    "takeovers",
    _world(),
    _key("liquidation_id"),
    _key("seq"),
    _key("entry_index"),
    _number("time_ns"),
    _number("instrument_id"),
    _word("position_side"),
    _number("quantity"),
    _number("notional"),
)
"""LIQ-6: what the insurance fund took out of a liquidation."""

PROJECTION = (
    assets,
    instruments,
    instrument_states,
    accounts,
    account_settings,
    wallets,
    positions,
    orders,
    trades,
    ledger_entries,
    candles,
    margin_calls,
    liquidations,
    liquidation_steps,
    takeovers,
)
"""The tables that `rebuild` recreates."""
