"""The state of one exchange: records, and the indexes over them that rules need.

Records are what a snapshot holds; indexes (books, exposures, positions per unit) are derived and
rebuilt by `restore`. Only `state.apply` writes; rules read.
"""

from bisect import bisect_left, insort
from typing import Final, TypeVar

import msgspec

from simulator.core.model.accounts import (
    FIRST_TRADER_ACCOUNT,
    FIRST_WALLET,
    FUND_ACCOUNT,
    INSURANCE_FUND,
)
from simulator.core.model.enums import (
    BUY,
    CROSS_MARGIN,
    CROSS_WALLET,
    HEDGE,
    ISOLATED_MARGIN,
    ISOLATED_WALLET,
    LONG,
    RESTING,
    SHORT,
    SPOT_INSTRUMENT,
    SPOT_MARGIN,
    UNTRIGGERED,
    MarginMode,
    PositionSide,
    WalletKind,
)
from simulator.core.model.instruments import VALUATION_ASSET, Asset, WorldParameters
from simulator.core.state import rows
from simulator.core.state.book import Book
from simulator.core.state.exposure import Exposure
from simulator.core.state.ledger import Ledger
from simulator.core.state.notes import ChangeNotes
from simulator.core.state.records import (
    AccountRecord,
    Counters,
    Holding,
    InstrumentRecord,
    Order,
    Position,
    Settings,
    Wallet,
)
from simulator.core.state.rows import (
    AccountRow,
    ClientOrder,
    CountersRow,
    FundingRun,
    HoldingRow,
    InstrumentRow,
    OrderRow,
    PositionRow,
    SettingsRow,
    Snapshot,
    StandingCall,
    WalletRow,
)
from simulator.core.state.trigger_board import TriggerBoard

PositionKey = tuple[int, PositionSide]
WalletKey = tuple[int, int, PositionSide | None]
"""Account, instrument and position side of an isolated wallet; spot margin has no side."""

CountdownKey = tuple[int, int | None]
"""An account, and the instrument that its switch is for; none: all of them."""

_values: Final = msgspec.structs.astuple
"""Of a row, in the order of its fields, which is that of the record it becomes."""

Record = TypeVar("Record")
Row = TypeVar("Row", bound=rows.Row)


class ExchangeState:
    """See the module. Ids are dictionary keys; iteration order is the order of creation."""

    def __init__(self) -> None:
        self.seq = 0
        self.time_ns = 0
        self.parameters = WorldParameters()
        self.counters = Counters(account=FIRST_TRADER_ACCOUNT - 1, wallet=FIRST_WALLET - 1)
        self.assets: dict[int, Asset] = {}
        self.instruments: dict[int, InstrumentRecord] = {}
        self.accounts: dict[int, AccountRecord] = {}
        self.wallets: dict[int, Wallet] = {}
        self.orders: dict[int, Order] = {}
        self.client_orders: dict[int, dict[str, ClientOrder]] = {}
        self.ledger = Ledger()
        self.pending_sweep: list[int] = []
        self.pending_triggers: list[int] = []
        self.countdowns: dict[CountdownKey, int] = {}
        """When each armed dead man's switch will cancel (ORD-8)."""
        self.fund_unload_at_ns: int | None = None
        self.funding_runs: list[FundingRun] = []
        """Stamps whose payments are being made, page by page (FND-2, TIME-2)."""
        self.interest_due_ns: int | None = None
        # derived
        self.books: dict[int, Book] = {}
        self.exposures: dict[int, dict[int, Exposure]] = {}
        self.isolated_wallets: dict[WalletKey, Wallet] = {}
        self.spot_records: dict[int, InstrumentRecord] = {}
        """Per asset, the spot instrument at whose index it is valued (MARG-1)."""
        self.debtors: dict[int, None] = {}
        """Wallets that owe anything, in no order that means anything."""
        self.unit_positions: dict[int, dict[PositionKey, Position]] = {}
        self.holders: dict[int, dict[int, int]] = {}
        """Per instrument, the units with a position in it and how many (1, or 2 in a hedge)."""
        self.standing_calls: dict[int, StandingCall] = {}
        """Per unit that is not yet in liquidation, in the order of issue: the next to be repeated
        is the first."""
        self.trigger_boards: dict[int, TriggerBoard] = {}
        self.expiries: list[tuple[int, int]] = []
        """(time, order id) of the open GTD orders, sorted."""
        self.countdown_dues: list[int] = []
        """The times of `countdowns`, sorted."""
        self.order_lists: dict[int, dict[int, Order]] = {}
        """The open orders of every list, by the list's id and theirs."""
        self.cooling: dict[int, None] = {}
        """Units in liquidation of which a position waits for its cooldown (LIQ-10)."""
        # between rules of one command
        self.touched_units: dict[int, None] = {}
        self.notes: ChangeNotes | None = None
        self._open_insurance_fund()

    def _open_insurance_fund(self) -> None:
        self.accounts[FUND_ACCOUNT] = AccountRecord(
            FUND_ACCOUNT, INSURANCE_FUND, INSURANCE_FUND, maker_fee_rate=0, taker_fee_rate=0
        )
        self.wallets[INSURANCE_FUND] = Wallet(
            INSURANCE_FUND, FUND_ACCOUNT, WalletKind.INSURANCE_FUND, holdings={}
        )

    # -- reading ---------------------------------------------------------------------------------

    @property
    def is_paging(self) -> bool:
        """Whether work of the last command waits for `ContinueSweep` (TIME-2)."""
        return bool(self.pending_sweep or self.funding_runs or self.pending_triggers)

    def holding(self, wallet_id: int, asset_id: int = VALUATION_ASSET) -> Holding:
        """What the wallet holds of the asset; an empty holding if it never held any."""
        return self.wallets[wallet_id].holdings.get(asset_id) or Holding()

    def find_exposure(self, account_id: int, instrument_id: int) -> Exposure | None:
        """The exposure, if the account ever chose, held or ordered anything there."""
        by_instrument = self.exposures.get(account_id)
        return None if by_instrument is None else by_instrument.get(instrument_id)

    def exposure_or_default(self, account_id: int, instrument_id: int) -> Exposure:
        """The exposure to read; one with the default settings, filed nowhere, if there is none."""
        by_instrument = self.exposures.get(account_id)
        if by_instrument is not None and instrument_id in by_instrument:
            return by_instrument[instrument_id]
        return self._default_exposure(account_id, instrument_id)

    def _default_exposure(self, account_id: int, instrument_id: int) -> Exposure:
        record = self.instruments[instrument_id]
        hedged = self.accounts[account_id].position_mode is HEDGE
        return Exposure(record, self.default_settings(account_id, instrument_id), hedged)

    def settings(self, account_id: int, instrument_id: int) -> Settings:
        """The account's settings there, or the defaults: ISOLATED (SPOT if spot), its leverage."""
        exposure = self.find_exposure(account_id, instrument_id)
        if exposure is not None:
            return exposure.settings
        return self.default_settings(account_id, instrument_id)

    def default_settings(self, account_id: int, instrument_id: int) -> Settings:
        terms = self.instruments[instrument_id].terms
        mode: MarginMode = ISOLATED_MARGIN
        if account_id == FUND_ACCOUNT:
            mode = CROSS_MARGIN
        elif terms.kind is SPOT_INSTRUMENT:
            mode = SPOT_MARGIN
        leverage = terms.default_leverage
        return Settings(account_id, instrument_id, mode, leverage)

    def is_unit(self, wallet_id: int) -> bool:
        """Whether the wallet can be liquidated (CROSS or ISOLATED)."""
        kind = self.wallets[wallet_id].kind
        return kind is CROSS_WALLET or kind is ISOLATED_WALLET

    def margin_wallet(self, account_id: int, instrument_id: int, side: PositionSide) -> int | None:
        """The wallet that margins such a position: CROSS, or its isolated wallet if opened."""
        if self.settings(account_id, instrument_id).margin_mode is CROSS_MARGIN:
            return self.accounts[account_id].cross_wallet_id
        wallet = self.isolated_wallets.get((account_id, instrument_id, side))
        return None if wallet is None else wallet.wallet_id

    def payer_of(self, order: Order) -> tuple[int, int]:
        """The wallet and the asset that a spot order pays with."""
        terms = self.instruments[order.instrument_id].terms
        wallet_id = self.spot_wallet(order.account_id, order.instrument_id, order.margin_mode)
        if wallet_id is None:
            raise AssertionError(f"order {order.order_id} has no wallet to pay from")
        if order.side is BUY or terms.base_asset_id is None:
            return wallet_id, terms.quote_asset_id
        return wallet_id, terms.base_asset_id

    def spot_wallet(self, account_id: int, instrument_id: int, mode: MarginMode) -> int | None:
        """The wallet that trades a spot instrument in this mode; none: not yet opened."""
        account = self.accounts[account_id]
        if mode is SPOT_MARGIN:
            return account.spot_wallet_id
        if mode is CROSS_MARGIN:
            return account.cross_wallet_id
        wallet = self.isolated_wallets.get((account_id, instrument_id, None))
        return None if wallet is None else wallet.wallet_id

    def isolated_wallets_of(self, account_id: int) -> list[Wallet]:
        """The account's isolated wallets in the order in which they were opened.

        Where one is, the account has an exposure: so this costs what the account is.
        """
        found = [
            self.isolated_wallets.get((account_id, instrument_id, side))
            for instrument_id in self.exposures.get(account_id, {})
            for side in (LONG, SHORT, None)
        ]
        return sorted((each for each in found if each is not None), key=_by_id)

    # -- indexes, for `state.apply` --------------------------------------------------------------

    def exposure(self, account_id: int, instrument_id: int) -> Exposure:
        """The exposure, filed with the default settings if there was none."""
        by_instrument = self.exposures.get(account_id)
        if by_instrument is None:
            by_instrument = self.exposures[account_id] = {}
        exposure = by_instrument.get(instrument_id)
        if exposure is None:
            exposure = by_instrument[instrument_id] = self._default_exposure(
                account_id, instrument_id
            )
        return exposure

    def index_order(self, order: Order) -> None:
        """Files an open order, here and in its account's exposure."""
        self.orders[order.order_id] = order
        self.exposure(order.account_id, order.instrument_id).add(order)
        if order.expires_ns is not None:
            insort(self.expiries, (order.expires_ns, order.order_id))
        if order.list_id is not None:
            self.order_lists.setdefault(order.list_id, {})[order.order_id] = order
        if order.status is UNTRIGGERED:
            self.watch_trigger(order)

    def forget_order(self, order: Order) -> None:
        """The reverse of `index_order`, for an order that ended."""
        del self.orders[order.order_id]
        self.exposures[order.account_id][order.instrument_id].remove(order)
        if order.expires_ns is not None:
            del self.expiries[bisect_left(self.expiries, (order.expires_ns, order.order_id))]
        if order.list_id is not None:
            listed = self.order_lists[order.list_id]
            del listed[order.order_id]
            if not listed:
                del self.order_lists[order.list_id]
        if order.status is UNTRIGGERED:
            self.unwatch_trigger(order)

    def set_countdown(self, key: CountdownKey, due_ns: int | None) -> None:
        """Arms a dead man's switch for a time, or disarms it."""
        armed = self.countdowns.pop(key, None)
        if armed is not None:
            del self.countdown_dues[bisect_left(self.countdown_dues, armed)]
        if due_ns is not None:
            self.countdowns[key] = due_ns
            insort(self.countdown_dues, due_ns)

    def watch_trigger(self, order: Order) -> None:
        board = self.trigger_boards.get(order.instrument_id)
        if board is None:
            board = self.trigger_boards[order.instrument_id] = TriggerBoard()
        board.add(order)

    def unwatch_trigger(self, order: Order) -> None:
        board = self.trigger_boards[order.instrument_id]
        board.remove(order)
        if not board.sources:
            del self.trigger_boards[order.instrument_id]

    def index_wallet(self, wallet: Wallet) -> None:
        self.wallets[wallet.wallet_id] = wallet
        if wallet.instrument_id is not None:
            key = (wallet.account_id, wallet.instrument_id, wallet.position_side)
            self.isolated_wallets[key] = wallet

    def index_instrument(self, record: InstrumentRecord) -> None:
        terms = record.terms
        self.instruments[terms.instrument_id] = record
        self.books[terms.instrument_id] = Book()
        if terms.kind is SPOT_INSTRUMENT and terms.base_asset_id is not None:
            self.spot_records[terms.base_asset_id] = record

    def index_debt(self, wallet: Wallet) -> None:
        """Notes whether the wallet owes anything now."""
        for holding in wallet.holdings.values():
            if holding.borrowed or holding.interest or holding.settlement_debt:
                self.debtors[wallet.wallet_id] = None
                return
        self.debtors.pop(wallet.wallet_id, None)

    def index_position(self, position: Position) -> None:
        exposure = self.exposure(position.account_id, position.instrument_id)
        if position.side is LONG:
            exposure.long = position
        else:
            exposure.short = position
        unit = self.unit_positions.setdefault(position.wallet_id, {})
        unit[(position.instrument_id, position.side)] = position
        holders = self.holders.setdefault(position.instrument_id, {})
        holders[position.wallet_id] = holders.get(position.wallet_id, 0) + 1

    def forget_position(self, position: Position) -> None:
        exposure = self.exposures[position.account_id][position.instrument_id]
        if position.side is LONG:
            exposure.long = None
        else:
            exposure.short = None
        unit = self.unit_positions[position.wallet_id]
        del unit[(position.instrument_id, position.side)]
        if not unit:
            del self.unit_positions[position.wallet_id]
        holders = self.holders[position.instrument_id]
        holders[position.wallet_id] -= 1
        if holders[position.wallet_id] == 0:
            del holders[position.wallet_id]

    # -- snapshots -------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """A canonical picture of the state."""
        return Snapshot(
            seq=self.seq,
            time_ns=self.time_ns,
            parameters=self.parameters,
            counters=_row(CountersRow, self.counters),
            assets=_by_key(self.assets),
            instruments=[_row(InstrumentRow, each) for each in _by_key(self.instruments)],
            accounts=[_row(AccountRow, each) for each in _by_key(self.accounts)],
            wallets=[_wallet_row(each) for each in _by_key(self.wallets)],
            settings=self._chosen_settings(),
            positions=self._open_positions(),
            orders=[_row(OrderRow, each) for each in _by_key(self.orders)],
            client_orders=[
                record
                for account_id in sorted(self.client_orders)
                for record in self.client_orders[account_id].values()
            ],
            ledger=[
                (account, asset_id, self.ledger.balances[(account, asset_id)])
                for account, asset_id in sorted(self.ledger.balances)
            ],
            pending_sweep=list(self.pending_sweep),
            fund_unload_at_ns=self.fund_unload_at_ns,
            funding_runs=[FundingRun(*_values(each)) for each in self.funding_runs],
            pending_triggers=list(self.pending_triggers),
            countdowns=[
                (*key, self.countdowns[key]) for key in sorted(self.countdowns, key=countdown_rank)
            ],
            interest_due_ns=self.interest_due_ns,
        )

    def _chosen_settings(self) -> list[SettingsRow]:
        return [
            _row(SettingsRow, self.exposures[account_id][instrument_id].settings)
            for account_id in sorted(self.exposures)
            for instrument_id in sorted(self.exposures[account_id])
        ]

    def _open_positions(self) -> list[PositionRow]:
        return [
            _row(PositionRow, self.unit_positions[wallet_id][key])
            for wallet_id in sorted(self.unit_positions)
            for key in sorted(self.unit_positions[wallet_id])
        ]


def countdown_rank(key: CountdownKey) -> tuple[int, int]:
    """By account, the switch for all instruments first."""
    return key[0], -1 if key[1] is None else key[1]


def _by_id(wallet: Wallet) -> int:
    return wallet.wallet_id


def _by_key(records: dict[int, Record]) -> list[Record]:
    return [records[key] for key in sorted(records)]


def _row(kind: type[Row], record: object) -> Row:
    """The record as it stands in a snapshot."""
    return kind(*[getattr(record, name) for name in kind.__struct_fields__])


def _wallet_row(wallet: Wallet) -> WalletRow:
    """With its holdings in order of asset."""
    row = _row(WalletRow, wallet)
    row.holdings = {key: _row(HoldingRow, wallet.holdings[key]) for key in sorted(wallet.holdings)}
    return row


def _wallet(row: WalletRow) -> Wallet:
    """The reverse of `_wallet_row`."""
    wallet = Wallet(*_values(row))
    wallet.holdings = {key: Holding(*_values(each)) for key, each in row.holdings.items()}
    return wallet


def restore(snapshot: Snapshot) -> ExchangeState:
    """The state that a snapshot was taken of, its indexes rebuilt."""
    state = ExchangeState()
    state.seq = snapshot.seq
    state.time_ns = snapshot.time_ns
    state.parameters = snapshot.parameters
    state.counters = Counters(*_values(snapshot.counters))
    state.assets = {asset.asset_id: asset for asset in snapshot.assets}
    for instrument in [InstrumentRecord(*_values(row)) for row in snapshot.instruments]:
        state.index_instrument(instrument)
    for account in [AccountRecord(*_values(row)) for row in snapshot.accounts]:
        state.accounts[account.account_id] = account
    for account_id, instrument_id, asset_balance in snapshot.ledger:
        state.ledger.post(account_id, instrument_id, asset_balance)
    for wallet in map(_wallet, snapshot.wallets):
        state.index_wallet(wallet)
        state.index_debt(wallet)
        _restore_totals(state, wallet)
    for settings in [Settings(*_values(row)) for row in snapshot.settings]:
        exposure = state.exposure(settings.account_id, settings.instrument_id)
        exposure.settings = settings
    for position in [Position(*_values(row)) for row in snapshot.positions]:
        state.index_position(position)
        state.ledger.entry_changed(position.instrument_id, position.entry_notional)
    for order in [Order(*_values(row)) for row in snapshot.orders]:
        state.index_order(order)
        state.exposures[order.account_id][order.instrument_id].locked += order.locked
    for order in sorted(state.orders.values(), key=lambda order: order.priority):
        if order.status is RESTING:
            state.books[order.instrument_id].add(order)
    for record in snapshot.client_orders:
        client_order_id = record.request.client_order_id
        if client_order_id is not None:
            state.client_orders.setdefault(record.account_id, {})[client_order_id] = record
    for wallet in sorted(state.wallets.values(), key=_issue_order):
        if wallet.margin_call is not None and wallet.liquidation is None:
            state.standing_calls[wallet.wallet_id] = wallet.margin_call
    for wallet_id in sorted(state.wallets):
        liquidation = state.wallets[wallet_id].liquidation
        if liquidation is not None and any(each[2] for each in liquidation.cooldowns):
            state.cooling[wallet_id] = None
    state.pending_sweep = list(snapshot.pending_sweep)
    state.fund_unload_at_ns = snapshot.fund_unload_at_ns
    state.funding_runs = [FundingRun(*_values(each)) for each in snapshot.funding_runs]
    state.pending_triggers = list(snapshot.pending_triggers)
    for owner, where, due_ns in snapshot.countdowns:
        state.set_countdown((owner, where), due_ns)
    state.interest_due_ns = snapshot.interest_due_ns
    return state


def _issue_order(wallet: Wallet) -> tuple[int, int]:
    call = wallet.margin_call
    return (call.issued_ns, call.margin_call_id) if call is not None else (0, 0)


def _restore_totals(state: ExchangeState, wallet: Wallet) -> None:
    for asset_id, holding in wallet.holdings.items():
        state.ledger.posted_to_wallets[asset_id] += holding.balance
        state.ledger.wallet_total[asset_id] += holding.balance
        state.ledger.settlement_debt[asset_id] += holding.settlement_debt
