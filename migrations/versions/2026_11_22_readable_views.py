"""Views for people: decimals instead of scaled integers, UTC instead of nanoseconds.

Decimals are numbers, so that they sort and add up; the exact integers are in the tables.
"""

from alembic import op

revision = "readable_views"
down_revision = "first_tables"
branch_labels = None
depends_on = None


class Words:
    """The few expressions that the databases write differently."""

    def __init__(self, dialect: str) -> None:
        self._sqlite = dialect == "sqlite"

    def decimal(self, value: str, decimals: str) -> str:
        """SQLite divides real numbers; PostgreSQL multiplies decimal ones, which is exact."""
        if self._sqlite:
            return f"({value}) / CAST('1e' || {decimals} AS REAL)"
        return f"({value}) * CAST('1e-' || {decimals} AS NUMERIC)"

    def wide(self, value: str) -> str:
        """The first factor of a product that may be more than 64 bits wide."""
        return value if self._sqlite else f"CAST({value} AS NUMERIC)"

    def utc(self, time_ns: str) -> str:
        """`2020-03-12 10:49:00.123`; null if the time is."""
        if self._sqlite:
            seconds = f"strftime('%Y-%m-%d %H:%M:%S', {time_ns} / 1000000000, 'unixepoch')"
            return f"{seconds} || '.' || substr(1000 + {time_ns} / 1000000 % 1000, 2)"
        return (
            f"to_char(TIMESTAMP 'epoch' + {time_ns} / 1000000 * INTERVAL '1 millisecond',"
            " 'YYYY-MM-DD HH24:MI:SS.MS')"
        )

    def price(self, value: str) -> str:
        return self.decimal(value, "i.price_decimals")

    def quantity(self, value: str) -> str:
        return self.decimal(value, "i.quantity_decimals")

    def amount(self, value: str) -> str:
        return self.decimal(value, "a.decimals")

    def average_price(self, notional: str, quantity: str) -> str:
        return (
            f"CASE WHEN {quantity} <> 0"
            f" THEN ({self.amount(notional)}) / ({self.quantity(quantity)}) END"
        )


def _instrument_of(alias: str) -> str:
    """Joins the instrument `i` and its quote asset `a`."""
    return f"""
        JOIN instruments i
          ON i.world_id = {alias}.world_id AND i.instrument_id = {alias}.instrument_id
        JOIN assets a ON a.world_id = i.world_id AND a.asset_id = i.quote_asset_id"""


def _valuation_asset(alias: str) -> str:
    return f"JOIN assets a ON a.world_id = {alias}.world_id AND a.asset_id = 1"


def _ledger_account(column: str) -> str:
    return f"""CASE
            WHEN {column} = 1 THEN 'mint'
            WHEN {column} = 2 THEN 'fees'
            WHEN {column} = 3 THEN 'insurance_fund'
            WHEN {column} = 4 THEN 'shortfall'
            WHEN {column} = 5 THEN 'lending_pool'
            WHEN {column} < 1000000 THEN 'clearing:' || ({column} - 1000)
            ELSE 'wallet:' || {column}
        END"""


def _orders(w: Words) -> str:
    return f"""
        SELECT o.world_id, o.order_id, o.account_id, i.symbol, o.side, o.order_type,
            o.time_in_force,
            {w.price("o.price")} AS price,
            {w.quantity("o.quantity")} AS quantity,
            {w.quantity("o.quantity - o.remaining_quantity")} AS filled_quantity,
            {w.quantity("o.remaining_quantity")} AS remaining_quantity,
            {w.average_price("o.filled_notional", "(o.quantity - o.remaining_quantity)")}
                AS average_price,
            o.status, o.cancel_reason, o.margin_mode, o.post_only, o.reduce_only, o.keep_margin,
            o.quote, o.client_order_id, o.liquidation_id,
            {w.utc("o.created_ns")} AS created_utc,
            {w.utc("o.updated_ns")} AS updated_utc
        FROM orders o {_instrument_of("o")}"""


def _trades(w: Words) -> str:
    return f"""
        SELECT t.world_id, t.trade_id, t.seq, {w.utc("t.time_ns")} AS time_utc, i.symbol,
            {w.price("t.price")} AS price,
            {w.quantity("t.quantity")} AS quantity,
            {w.amount("t.notional")} AS notional,
            t.taker_side, t.taker_order_id, t.maker_order_id,
            t.taker_account_id, t.maker_account_id,
            {w.amount("t.taker_fee")} AS taker_fee,
            {w.amount("t.maker_fee")} AS maker_fee,
            {w.amount("t.taker_realized_pnl")} AS taker_realized_pnl,
            {w.amount("t.maker_realized_pnl")} AS maker_realized_pnl
        FROM trades t {_instrument_of("t")}"""


def _ledger(w: Words) -> str:
    return f"""
        SELECT l.world_id, l.seq, l.entry_index, {w.utc("l.time_ns")} AS time_utc, l.kind,
            {_ledger_account("l.source")} AS source,
            {_ledger_account("l.target")} AS target,
            l.account_id, l.other_account_id, a.code AS asset,
            {w.amount("l.amount")} AS amount,
            l.order_id, l.trade_id, l.liquidation_id, l.reason
        FROM ledger_entries l
        JOIN assets a ON a.world_id = l.world_id AND a.asset_id = l.asset_id"""


def _wallets(w: Words) -> str:
    return f"""
        SELECT v.world_id, v.wallet_id, v.account_id, v.kind, i.symbol, v.position_side,
            a.code AS asset,
            {w.amount("v.balance")} AS balance,
            {w.amount("v.locked")} AS locked,
            {w.amount("v.balance - v.locked")} AS free,
            {w.amount("v.settlement_debt")} AS settlement_debt,
            v.margin_call_id, v.liquidation_id
        FROM wallets v
        JOIN assets a ON a.world_id = v.world_id AND a.asset_id = v.asset_id
        LEFT JOIN instruments i
          ON i.world_id = v.world_id AND i.instrument_id = v.instrument_id"""


def _positions(w: Words) -> str:
    at_mark = f"{w.wide('p.quantity')} * s.mark_price * i.notional_multiplier"
    return f"""
        SELECT p.world_id, p.account_id, i.symbol, p.position_side, v.kind AS margined_by,
            COALESCE(c.leverage, i.default_leverage) AS leverage,
            {w.quantity("p.quantity")} AS quantity,
            {w.average_price("p.entry_notional", "p.quantity")} AS entry_price,
            {w.price("s.mark_price")} AS mark_price,
            {w.amount(f"ABS({at_mark})")} AS notional,
            {w.amount(f"{at_mark} - p.entry_notional")} AS unrealized_pnl,
            p.wallet_id, {w.utc("j.time_ns")} AS opened_utc
        FROM positions p {_instrument_of("p")}
        JOIN wallets v
          ON v.world_id = p.world_id AND v.wallet_id = p.wallet_id
         AND v.asset_id = i.quote_asset_id
        JOIN instrument_states s
          ON s.world_id = p.world_id AND s.instrument_id = p.instrument_id
        LEFT JOIN account_settings c
          ON c.world_id = p.world_id AND c.account_id = p.account_id
         AND c.instrument_id = p.instrument_id
        LEFT JOIN journal_entries j ON j.world_id = p.world_id AND j.seq = p.opened_seq"""


def _margin_calls(w: Words) -> str:
    return f"""
        SELECT m.world_id, m.margin_call_id, m.account_id, m.wallet_id,
            {w.utc("m.issued_ns")} AS issued_utc,
            {w.amount("m.equity")} AS equity,
            {w.amount("m.call_margin")} AS call_margin,
            {w.amount("m.maintenance_margin")} AS maintenance_margin,
            i.symbol, m.position_side,
            {w.price("m.mark_price")} AS mark_price,
            {w.price("m.liquidation_price")} AS liquidation_price,
            {w.quantity("m.quantity_to_reduce")} AS quantity_to_reduce,
            {w.amount("m.amount_to_add")} AS amount_to_add,
            m.repeats, {w.utc("m.repeated_ns")} AS repeated_utc,
            m.ended_by, {w.utc("m.ended_ns")} AS ended_utc,
            {w.amount("m.ended_equity")} AS ended_equity
        FROM margin_calls m {_instrument_of("m")}"""


def _liquidations(w: Words) -> str:
    of_it = "s.world_id = q.world_id AND s.liquidation_id = q.liquidation_id"
    return f"""
        SELECT q.world_id, q.liquidation_id, q.account_id, q.wallet_id, v.kind, i.symbol,
            v.position_side,
            {w.utc("q.started_ns")} AS started_utc,
            {w.amount("q.equity")} AS equity,
            {w.amount("q.call_margin")} AS call_margin,
            {w.amount("q.maintenance_margin")} AS maintenance_margin,
            (SELECT COUNT(*) FROM liquidation_steps s WHERE {of_it}) AS steps,
            (SELECT COUNT(*) FROM takeovers s WHERE {of_it}) AS takeovers,
            q.outcome, {w.utc("q.ended_ns")} AS ended_utc,
            {w.amount("q.ended_equity")} AS ended_equity,
            {w.amount("q.fee")} AS fee,
            {w.amount("q.deficit")} AS deficit,
            {w.amount("q.shortfall")} AS shortfall
        FROM liquidations q {_valuation_asset("q")}
        JOIN wallets v
          ON v.world_id = q.world_id AND v.wallet_id = q.wallet_id AND v.asset_id = a.asset_id
        LEFT JOIN instruments i
          ON i.world_id = v.world_id AND i.instrument_id = v.instrument_id"""


def _candles(w: Words) -> str:
    return f"""
        SELECT c.world_id, i.symbol, c.source, {w.utc("c.open_time_ns")} AS open_utc,
            {w.price("c.open")} AS open,
            {w.price("c.high")} AS high,
            {w.price("c.low")} AS low,
            {w.price("c.close")} AS close,
            {w.quantity("c.volume")} AS volume,
            {w.amount("c.notional")} AS notional,
            c.trade_count
        FROM candles c {_instrument_of("c")}"""


VIEWS = {
    "v_orders": _orders,
    "v_trades": _trades,
    "v_ledger": _ledger,
    "v_wallets": _wallets,
    "v_positions": _positions,
    "v_margin_calls": _margin_calls,
    "v_liquidations": _liquidations,
    "v_candles": _candles,
}


def upgrade() -> None:
    words = Words(op.get_context().dialect.name)
    for name, definition in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {definition(words)}")


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
