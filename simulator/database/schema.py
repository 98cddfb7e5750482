"""The tables. Money, prices and quantities are integers, as in the core; times are in ns.

Three groups: what cannot be derived (worlds, journal, snapshots, identities, warm-up candles),
the projection (recreated from the journal by `rebuild`), and nothing else. Every key starts
with the world. Hot tables are clustered by their key on SQLite (WITHOUT ROWID) and have few
secondary indexes and no foreign keys, because one thread writes them all at the speed of the
exchange. People read the views (`v_orders`, ...), which print decimals and UTC.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from simulator.database.columns import (
    clustered,
    flag,
    index_where_set,
    key,
    metadata,
    number,
    number_from_zero,
    optional,
    optional_word,
    word,
    world,
    world_of_registry,
)
from simulator.database.order_table import orders as orders

# -- worlds and their journals ---------------------------------------------------------------------

worlds = Table(
    "worlds",
    metadata,
    world(),
    word("title"),
    number("created_ns"),
    word("status"),
    optional_word("status_reason"),
    word("config"),
    number("seed"),
)

journal_entries = clustered(
    "journal_entries",
    world_of_registry(),
    key("seq"),
    number("time_ns"),
    number("wall_ns"),
    Column("rules_version", Integer, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("chain_hash", LargeBinary, nullable=False),
    CheckConstraint("length(chain_hash) = 32", name="chain_hash_length"),
)

world_fences = Table("world_fences", metadata, world_of_registry(), number("fence"))
"""How often each world was claimed by a process; see `ownership`."""

snapshots = Table(
    "snapshots",
    metadata,
    world_of_registry(),
    key("seq"),
    number("time_ns"),
    Column("state", LargeBinary, nullable=False),
    Column("state_hash", LargeBinary, nullable=False),
    Column("chain_hash", LargeBinary, nullable=False),
)

warm_up_candles = clustered(
    "warm_up_candles",
    world_of_registry(),
    key("instrument_id"),
    Column("source", Text, primary_key=True),
    key("interval_s"),
    key("open_time_ns"),
    number("open"),
    number("high"),
    number("low"),
    number("close"),
)
"""Made at a world's creation, from before its first moment: no projection of its journal."""

# -- identities: no projection, never touched by `rebuild` -----------------------------------------

users = Table(
    "users",
    metadata,
    Column("user_id", Text, primary_key=True),
    word("kind"),
    optional_word("display_name"),
    number("created_ns"),
    optional("closed_ns"),
)

login_tokens = Table(
    "login_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False, index=True),
    number("created_ns"),
    number("expires_ns"),
)

user_accounts = Table(
    "user_accounts",
    metadata,
    world_of_registry(),
    key("account_id"),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False),
    word("label"),
    number("created_ns"),
    Index(None, "user_id", "world_id", "account_id"),
)

owned_worlds = Table(
    "owned_worlds",
    metadata,
    world_of_registry(),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False, index=True),
    word("speed"),
    flag("paused"),
)
"""Worlds that users made, and how their clocks were left; the server's own have no row."""

user_names = Table(
    "user_names",
    metadata,
    Column("user_id", Text, ForeignKey("users.user_id"), primary_key=True),
    word("name"),
    Column("name_key", Text, nullable=False, unique=True),
    word("password_hash"),
    flag("is_admin"),
    number("created_ns"),
)
"""Users who signed up; guests have no row. `name_key` is the name without regard to case."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("api_key", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False),
    word("world_id"),
    number("account_id"),
    word("label"),
    word("scopes"),
    Column("sealed_secret", LargeBinary, nullable=False),
    number("created_ns"),
    Index(None, "world_id", "account_id"),
)
"""Keys of one account. The secret is sealed with the server's key, which is not in here."""


# -- the projection: terms -------------------------------------------------------------------------

assets = clustered("assets", world(), key("asset_id"), word("code"), number("decimals"))

instruments = clustered(
    "instruments",
    world(),
    key("instrument_id"),
    word("symbol"),
    word("kind"),
    word("base"),
    number("quote_asset_id"),
    number("price_decimals"),
    number("quantity_decimals"),
    number("notional_multiplier"),
    number("tick_size"),
    number("lot_size"),
    number("min_quantity"),
    number("max_quantity"),
    number("max_market_quantity"),
    number("min_notional"),
    number("price_band_rate"),
    number("max_open_orders"),
    number("maker_fee_rate"),
    number("taker_fee_rate"),
    number("liquidation_fee_rate"),
    number("sell_assumption_rate"),
    word("mark_method"),
    optional("index_staleness_ns"),
    number("default_leverage"),
    number("listed_ns"),
)

instrument_states = clustered(
    "instrument_states",
    world(),
    key("instrument_id"),
    word("market_state"),
    word("halt_reason"),
    optional("index_price"),
    number("index_time_ns"),
    optional("mark_price"),
    optional("last_price"),
)

# -- the projection: accounts ----------------------------------------------------------------------

accounts = clustered(
    "accounts",
    world(),
    key("account_id"),
    number("spot_wallet_id"),
    number("cross_wallet_id"),
    optional("maker_fee_rate"),
    optional("taker_fee_rate"),
    number("opened_seq"),
    number("opened_ns"),
)

account_settings = clustered(
    "account_settings",
    world(),
    key("account_id"),
    key("instrument_id"),
    word("margin_mode"),
    number("leverage"),
)

wallets = clustered(
    "wallets",
    world(),
    key("wallet_id"),
    key("asset_id"),
    number("account_id"),
    word("kind"),
    optional("instrument_id"),
    optional_word("position_side"),
    number("balance"),
    number("locked"),
    number("settlement_debt"),
    number_from_zero("borrowed"),
    number_from_zero("interest"),
    optional("margin_call_id"),
    optional("liquidation_id"),
)
"""Every wallet has a row for the valuation asset, and one for each asset that it ever held."""

positions = clustered(
    "positions",
    world(),
    key("account_id"),
    key("instrument_id"),
    Column("position_side", Text, primary_key=True),
    number("wallet_id"),
    number("quantity"),
    number("entry_notional"),
    number("opened_seq"),
)
"""Open positions only; what became of the others is in trades and ledger entries."""

# -- the projection: orders, trades, money ---------------------------------------------------------

trades = clustered(
    "trades",
    world(),
    key("trade_id"),
    number("seq"),
    number("time_ns"),
    number("instrument_id"),
    number("price"),
    number("quantity"),
    number("notional"),
    word("taker_side"),
    number("taker_order_id"),
    number("maker_order_id"),
    number("taker_account_id"),
    number("maker_account_id"),
    number("taker_fee"),
    number("maker_fee"),
    number("taker_realized_pnl"),
    number("maker_realized_pnl"),
    Index(None, "world_id", "taker_account_id", "trade_id"),
    Index(None, "world_id", "maker_account_id", "trade_id"),
)

ledger_entries = clustered(
    "ledger_entries",
    world(),
    key("seq"),
    key("entry_index"),
    number("time_ns"),
    word("kind"),
    number("source"),
    number("target"),
    optional("account_id"),
    optional("other_account_id"),
    number("asset_id"),
    number("amount"),
    optional("order_id"),
    optional("trade_id"),
    optional("liquidation_id"),
    optional_word("reason"),
    index_where_set("ledger_entries", "account_id", "seq", "entry_index"),
    index_where_set("ledger_entries", "other_account_id", "seq", "entry_index"),
)
"""LED-2: one row per transfer, at its place among the events of its journal entry.

`account_id` is the account whose wallets pay or receive, none if no wallet is concerned. Between
wallets of two accounts it is the payer's, and `other_account_id` the receiver's.
"""

candles = clustered(
    "candles",
    world(),
    key("instrument_id"),
    Column("source", Text, primary_key=True),
    key("open_time_ns"),
    number("open"),
    number("high"),
    number("low"),
    number("close"),
    number("volume"),
    number("notional"),
    number("trade_count"),
)
"""One-minute bars of LAST, MARK and INDEX; longer ones are put together by the query."""

# -- the projection: margin calls and liquidations -------------------------------------------------

margin_calls = clustered(
    "margin_calls",
    world(),
    key("margin_call_id"),
    number("account_id"),
    number("wallet_id"),
    number("issued_seq"),
    number("issued_ns"),
    number("equity"),
    number("maintenance_margin"),
    number("call_margin"),
    number("instrument_id"),
    word("position_side"),
    number("mark_price"),
    optional("liquidation_price"),
    number("quantity_to_reduce"),
    number("amount_to_add"),
    number_from_zero("amount_to_repay"),
    number("repeats"),
    optional("repeated_ns"),
    optional("ended_seq"),
    optional("ended_ns"),
    optional_word("ended_by"),
    optional("ended_equity"),
    Index(None, "world_id", "account_id", "margin_call_id"),
)
"""The numbers are those of the first issue; `ended_by` is CURED, LIQUIDATED or CLOSED."""

liquidations = clustered(
    "liquidations",
    world(),
    key("liquidation_id"),
    number("account_id"),
    number("wallet_id"),
    number("started_seq"),
    number("started_ns"),
    number("equity"),
    number("maintenance_margin"),
    number("call_margin"),
    optional("ended_seq"),
    optional("ended_ns"),
    optional_word("outcome"),
    optional("ended_equity"),
    optional("fee"),
    optional("deficit"),
    optional("shortfall"),
    Index(None, "world_id", "account_id", "liquidation_id"),
)

liquidation_steps = clustered(
    "liquidation_steps",
    world(),
    key("liquidation_id"),
    key("seq"),
    key("entry_index"),
    number("time_ns"),
    number("instrument_id"),
    word("position_side"),
    number("tier"),
    number("mark_price"),
    number("takeover_price"),
    number("quantity"),
    number("equity"),
    optional("order_id"),
)

takeovers = clustered(
    "takeovers",
    world(),
    key("liquidation_id"),
    key("seq"),
    key("entry_index"),
    number("time_ns"),
    number("instrument_id"),
    word("position_side"),
    number("quantity"),
    number("notional"),
)
"""LIQ-6: what the insurance fund took out of a liquidation."""

deleveragings = clustered(
    "deleveragings",
    world(),
    key("liquidation_id"),
    key("seq"),
    key("entry_index"),
    number("time_ns"),
    number("instrument_id"),
    word("position_side"),
    number("account_id"),
    number("wallet_id"),
    number("quantity"),
    number("notional"),
    number("score"),
)
"""LIQ-7: whose positions were closed against one in liquidation."""

funding_rates = clustered(
    "funding_rates",
    world(),
    key("instrument_id"),
    key("stamp_ns"),
    number("seq"),
    number("rate"),
    number("mark_price"),
    optional("average_premium"),
)

funding_payments = clustered(
    "funding_payments",
    world(),
    key("account_id"),
    key("seq"),
    key("entry_index"),
    number("stamp_ns"),
    number("instrument_id"),
    number("wallet_id"),
    word("position_side"),
    number("quantity"),
    number("amount"),
)
"""FND-2: received if negative."""

interest_charges = clustered(
    "interest_charges",
    world(),
    key("account_id"),
    key("seq"),
    key("entry_index"),
    number("time_ns"),
    number("wallet_id"),
    number("asset_id"),
    number("principal"),
    number("borrow_rate"),
    number("amount"),
)
"""BOR-3: an hour of interest on what a wallet owes of an asset."""

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
    deleveragings,
    funding_rates,
    funding_payments,
    interest_charges,
)
"""The tables that `rebuild` recreates."""
