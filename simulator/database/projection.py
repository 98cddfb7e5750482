"""The read model: turns what happened in a batch into rows of the tables.

Records that change (orders, wallets, positions, settings, instrument states) are read from the
live state, once per batch and key, as the change notes name them. What is only ever added
(trades, ledger entries, liquidation steps, ...) is read from the events (`event_rows`). The
tables come out the same whatever the batches were: collected live, or from the journal entry by
entry. Rows are plain values, so another thread may write them while the state moves on.
"""

from collections.abc import Iterable
from typing import Final

from simulator.core.codec import Entry
from simulator.core.model.enums import PositionSide
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.notes import ChangeNotes
from simulator.core.state.records import Holding, InstrumentRecord, Order, Wallet
from simulator.database.event_rows import EventReader
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
        EventReader(self.world_id, rows, state).read(entries)
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
                    holding.borrowed,
                    holding.interest,
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
