"""The read model: turns what happened in a batch into rows of the tables.

Records that change (orders, wallets, positions, settings, instrument states) are read from the
live state, once per batch and key, as the change notes name them. What is only ever added
(trades, ledger entries, liquidation steps, ...) is read from the events. The tables come out
the same whatever the batches were: collected live, or from the journal entry by entry. Rows are
plain values, so another thread may write them while the state moves on.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from simulator.core.codec import Entry
from simulator.core.model import events as e
from simulator.core.model.enums import PositionSide
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.units import NS_PER_MINUTE
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.notes import ChangeNotes
from simulator.core.state.records import Holding, InstrumentRecord, Order, Wallet
from simulator.database.statements import Row, Rows

_NOTHING_HELD: Final = Holding()


class Projector:
    """Collects the rows of one world's batches."""

    def __init__(self, world_id: str) -> None:
        self.world_id = world_id

    def collect(self, entries: Iterable[Entry], state: ExchangeState, notes: ChangeNotes) -> Rows:
        """The rows of a batch.

        `state` must stand right after the last of the entries, `notes` must hold what they
        changed and nothing else, and the entries' times must not go backwards.
        """
        rows = Rows()
        _EventReader(self.world_id, rows, state).read(entries)
        _NotesReader(self.world_id, rows, state).read(notes)
        return rows


class _NotesReader:
    """Rows of the records that changed, as they are now.

    Enumeration members are written by `_name_`: the public `name` is a slow descriptor, and a
    busy exchange writes a hundred thousand of them a second.
    """

    def __init__(self, world_id: str, rows: Rows, state: ExchangeState) -> None:
        self._world_id = world_id
        self._rows = rows
        self._state = state

    def read(self, notes: ChangeNotes) -> None:
        state, rows = self._state, self._rows
        rows.orders = [self._order(order) for order in notes.orders.values()]
        for wallet_id in notes.wallets:
            self._add_wallet(state.wallets[wallet_id])
        for account_id, instrument_id, side in notes.positions:
            self._add_position(account_id, instrument_id, side)
        rows.instrument_states = [
            self._instrument_state(state.instruments[instrument_id])
            for instrument_id in notes.instruments
        ]
        rows.account_settings = [
            self._settings(account_id, instrument_id)
            for account_id, instrument_id in notes.settings
        ]

    def _order(self, order: Order) -> Row:
        reason, trigger = order.cancel_reason, order.trigger
        return (
            self._world_id,
            order.order_id,
            order.account_id,
            order.instrument_id,
            order.side._name_,
            order.order_type._name_,
            order.time_in_force._name_,
            order.price,
            order.quantity,
            order.remaining,
            order.filled_notional,
            order.status._name_,
            None if reason is None else reason._name_,
            order.margin_mode._name_,
            order.post_only,
            order.reduce_only,
            order.keep_margin,
            order.quote,
            order.client_order_id,
            order.liquidation_id,
            order.created_ns,
            order.updated_ns,
            None if order.position_side is None else order.position_side._name_,
            None if trigger is None else trigger.source._name_,
            None if trigger is None else trigger.price,
            None if trigger is None else trigger.callback_rate,
            None if trigger is None else trigger.activation_price,
            order.close_position,
            order.expires_ns,
            order.self_trade_prevention._name_,
            order.list_id,
            order.waits_for,
        )

    def _add_wallet(self, wallet: Wallet) -> None:
        call, liquidation, side = wallet.margin_call, wallet.liquidation, wallet.position_side
        holdings = wallet.holdings
        if VALUATION_ASSET not in holdings:
            holdings = {VALUATION_ASSET: _NOTHING_HELD, **holdings}
        for asset_id, holding in holdings.items():
            self._rows.wallets.append(
                (
                    self._world_id,
                    wallet.wallet_id,
                    asset_id,
                    wallet.account_id,
                    wallet.kind._name_,
                    wallet.instrument_id,
                    None if side is None else side._name_,
                    holding.balance,
                    holding.locked,
                    holding.settlement_debt,
                    None if call is None else call.margin_call_id,
                    None if liquidation is None else liquidation.liquidation_id,
                )
            )

    def _add_position(self, account_id: int, instrument_id: int, side: PositionSide) -> None:
        exposure = self._state.find_exposure(account_id, instrument_id)
        position = None if exposure is None else exposure.leg(side)
        key = (self._world_id, account_id, instrument_id, side._name_)
        if position is None:
            self._rows.closed_positions.append(key)
            return
        self._rows.positions.append(
            (
                *key,
                position.wallet_id,
                position.quantity,
                position.entry_notional,
                position.opened_seq,
            )
        )

    def _instrument_state(self, record: InstrumentRecord) -> Row:
        return (
            self._world_id,
            record.terms.instrument_id,
            record.market_state._name_,
            record.halt_reason._name_,
            record.index_price,
            record.index_time_ns,
            record.mark_price,
            record.last_price,
        )

    def _settings(self, account_id: int, instrument_id: int) -> Row:
        settings = self._state.settings(account_id, instrument_id)
        return (
            self._world_id,
            account_id,
            instrument_id,
            settings.margin_mode._name_,
            settings.leverage,
        )


class _EventReader:
    """Rows of what was added. `_seq`, `_index` and `_time_ns` say where and when it reads."""

    def __init__(self, world_id: str, rows: Rows, state: ExchangeState) -> None:
        self._world_id = world_id
        self._rows = rows
        self._state = state
        self._seq = 0
        self._index = 0
        self._time_ns = 0
        self._candles: dict[tuple[int, str, int], list[int]] = {}
        self._repeats: dict[int, list[int]] = {}

    def read(self, entries: Iterable[Entry]) -> None:
        readers = _READERS
        for entry in entries:
            self._seq = entry.seq
            self._time_ns = entry.time_ns
            for index, event in enumerate(entry.events):
                reader = readers.get(type(event))
                if reader is not None:
                    self._index = index
                    reader(self, event)
        world_id = self._world_id
        self._rows.candles = [(world_id, *key, *bar) for key, bar in self._candles.items()]
        self._rows.margin_call_repeats = [
            (world_id, margin_call_id, *repeats)
            for margin_call_id, repeats in self._repeats.items()
        ]

    def time_advanced(self, event: e.TimeAdvanced) -> None:
        """AdvanceTime goes through moments before its own; what follows happened at this one."""
        self._time_ns = event.time_ns

    def asset_defined(self, event: e.AssetDefined) -> None:
        asset = event.asset
        self._rows.assets.append((self._world_id, asset.asset_id, asset.code, asset.decimals))

    def instrument_listed(self, event: e.InstrumentListed) -> None:
        terms = event.instrument
        self._rows.instruments.append(
            (
                self._world_id,
                terms.instrument_id,
                terms.symbol,
                terms.kind._name_,
                terms.base,
                terms.quote_asset_id,
                terms.price_decimals,
                terms.quantity_decimals,
                terms.notional_multiplier,
                terms.tick_size,
                terms.lot_size,
                terms.min_quantity,
                terms.max_quantity,
                terms.max_market_quantity,
                terms.min_notional,
                terms.price_band_rate,
                terms.max_open_orders,
                terms.maker_fee_rate,
                terms.taker_fee_rate,
                terms.liquidation_fee_rate,
                terms.sell_assumption_rate,
                terms.mark_method._name_,
                terms.index_staleness_ns,
                terms.default_leverage,
                self._time_ns,
            )
        )

    def account_opened(self, event: e.AccountOpened) -> None:
        self._rows.accounts.append(
            (
                self._world_id,
                event.account_id,
                event.spot_wallet_id,
                event.cross_wallet_id,
                event.maker_fee_rate,
                event.taker_fee_rate,
                self._seq,
                self._time_ns,
            )
        )

    def transferred(self, event: e.Transferred) -> None:
        payer = self._account_of(event.source)
        receiver = self._account_of(event.target)
        self._rows.ledger_entries.append(
            (
                self._world_id,
                self._seq,
                self._index,
                self._time_ns,
                event.kind._name_,
                event.source,
                event.target,
                receiver if payer is None else payer,
                None if payer is None or receiver == payer else receiver,
                event.asset_id,
                event.amount,
                event.order_id,
                event.trade_id,
                event.liquidation_id,
                event.reason,
            )
        )

    def _account_of(self, ledger_account: int) -> int | None:
        wallet = self._state.wallets.get(ledger_account)
        return None if wallet is None else wallet.account_id

    def trade_executed(self, event: e.TradeExecuted) -> None:
        terms = self._state.instruments[event.instrument_id].terms
        notional = terms.notional(event.quantity, event.price)
        self._rows.trades.append(
            (
                self._world_id,
                event.trade_id,
                self._seq,
                self._time_ns,
                event.instrument_id,
                event.price,
                event.quantity,
                notional,
                event.taker_side._name_,
                event.taker_order_id,
                event.maker_order_id,
                event.taker_account_id,
                event.maker_account_id,
                event.taker_fee,
                event.maker_fee,
                event.taker_realized_pnl,
                event.maker_realized_pnl,
            )
        )
        bar = self._candle(event.instrument_id, "LAST", event.price)
        bar[4] += event.quantity
        bar[5] += notional
        bar[6] += 1

    def index_price_updated(self, event: e.IndexPriceUpdated) -> None:
        self._candle(event.instrument_id, "INDEX", event.price)

    def mark_price_updated(self, event: e.MarkPriceUpdated) -> None:
        self._candle(event.instrument_id, "MARK", event.price)

    def _candle(self, instrument_id: int, source: str, price: int) -> list[int]:
        """This minute's bar `[open, high, low, close, volume, notional, trades]` with the price."""
        key = (instrument_id, source, self._time_ns - self._time_ns % NS_PER_MINUTE)
        bar = self._candles.get(key)
        if bar is None:
            bar = self._candles[key] = [price, price, price, price, 0, 0, 0]
            return bar
        if price > bar[1]:
            bar[1] = price
        elif price < bar[2]:
            bar[2] = price
        bar[3] = price
        return bar

    def margin_call_issued(self, event: e.MarginCallIssued) -> None:
        if event.repeated:
            repeats = self._repeats.setdefault(event.margin_call_id, [0, 0])
            repeats[0] += 1
            repeats[1] = self._time_ns
            return
        self._rows.margin_calls.append(
            (
                self._world_id,
                event.margin_call_id,
                event.account_id,
                event.wallet_id,
                self._seq,
                self._time_ns,
                event.equity,
                event.maintenance_margin,
                event.call_margin,
                event.instrument_id,
                event.position_side._name_,
                event.mark_price,
                event.liquidation_price,
                event.quantity_to_reduce,
                event.amount_to_add,
                0,
                None,
                None,
                None,
                None,
                None,
            )
        )

    def margin_call_ended(self, event: e.MarginCallEnded) -> None:
        self._rows.margin_call_ends.append(
            (
                self._world_id,
                event.margin_call_id,
                self._seq,
                self._time_ns,
                event.end._name_,
                event.equity,
            )
        )

    def liquidation_started(self, event: e.LiquidationStarted) -> None:
        self._rows.liquidations.append(
            (
                self._world_id,
                event.liquidation_id,
                event.account_id,
                event.wallet_id,
                self._seq,
                self._time_ns,
                event.equity,
                event.maintenance_margin,
                event.call_margin,
                None,
                None,
                None,
                None,
                None,
                None,
                None,
            )
        )

    def liquidation_step_taken(self, event: e.LiquidationStepTaken) -> None:
        self._rows.liquidation_steps.append(
            (
                self._world_id,
                event.liquidation_id,
                self._seq,
                self._index,
                self._time_ns,
                event.instrument_id,
                event.position_side._name_,
                event.tier,
                event.mark_price,
                event.takeover_price,
                event.quantity,
                event.equity,
                event.order_id,
            )
        )

    def position_taken_over(self, event: e.PositionTakenOver) -> None:
        self._rows.takeovers.append(
            (
                self._world_id,
                event.liquidation_id,
                self._seq,
                self._index,
                self._time_ns,
                event.instrument_id,
                event.position_side._name_,
                event.quantity,
                event.notional,
            )
        )

    def position_deleveraged(self, event: e.PositionDeleveraged) -> None:
        self._rows.deleveragings.append(
            (
                self._world_id,
                event.liquidation_id,
                self._seq,
                self._index,
                self._time_ns,
                event.instrument_id,
                event.position_side._name_,
                event.account_id,
                event.wallet_id,
                event.quantity,
                event.notional,
                event.score,
            )
        )

    def funding_settled(self, event: e.FundingSettled) -> None:
        place = (self._world_id, event.instrument_id, event.stamp_ns, self._seq)
        rate = (event.rate, event.mark_price, event.average_premium)
        self._rows.funding_rates.append((*place, *rate))

    def funding_paid(self, event: e.FundingPaid) -> None:
        place = (self._world_id, event.account_id, self._seq, self._index, event.stamp_ns)
        held = (event.instrument_id, event.wallet_id, event.position_side._name_, event.quantity)
        self._rows.funding_payments.append((*place, *held, event.amount))

    def liquidation_ended(self, event: e.LiquidationEnded) -> None:
        self._rows.liquidation_ends.append(
            (
                self._world_id,
                event.liquidation_id,
                self._seq,
                self._time_ns,
                event.outcome._name_,
                event.equity,
                event.fee,
                event.deficit,
                event.shortfall,
            )
        )


_READERS: Final[dict[type[Any], Callable[[_EventReader, Any], None]]] = {
    e.TimeAdvanced: _EventReader.time_advanced,
    e.AssetDefined: _EventReader.asset_defined,
    e.InstrumentListed: _EventReader.instrument_listed,
    e.AccountOpened: _EventReader.account_opened,
    e.Transferred: _EventReader.transferred,
    e.TradeExecuted: _EventReader.trade_executed,
    e.IndexPriceUpdated: _EventReader.index_price_updated,
    e.MarkPriceUpdated: _EventReader.mark_price_updated,
    e.MarginCallIssued: _EventReader.margin_call_issued,
    e.MarginCallEnded: _EventReader.margin_call_ended,
    e.LiquidationStarted: _EventReader.liquidation_started,
    e.LiquidationStepTaken: _EventReader.liquidation_step_taken,
    e.PositionTakenOver: _EventReader.position_taken_over,
    e.PositionDeleveraged: _EventReader.position_deleveraged,
    e.FundingSettled: _EventReader.funding_settled,
    e.FundingPaid: _EventReader.funding_paid,
    e.LiquidationEnded: _EventReader.liquidation_ended,
}
