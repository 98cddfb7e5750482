"""UNIT-2, WAL-4: what one fill does to the account on its side of a trade.

A fill first closes what it can of an opposite position, then opens. `split_fill` says how, as
values; `settle_fill` emits it: position, realized PnL, fee, and for isolated margin the money
that moves between CROSS and the isolated wallet.
"""

from typing import Final

from simulator.core.model.accounts import FEES, clearing_account
from simulator.core.model.enums import (
    BUY,
    ISOLATED_MARGIN,
    ISOLATED_WALLET,
    LONG,
    SHORT,
    CancelReason,
    PositionSide,
    Side,
    TransferKind,
)
from simulator.core.model.events import MarginLocked, PositionChanged, WalletOpened
from simulator.core.model.instruments import Instrument
from simulator.core.model.risk_tiers import maintenance_at
from simulator.core.model.units import RATE_ONE, divide_up, part_of
from simulator.core.rules import margin, money
from simulator.core.rules.execution import Execution
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.exposure import Exposure
from simulator.core.state.records import AccountRecord, Order, Position

_REALIZED_PNL: Final = TransferKind.REALIZED_PNL
_TRANSFER: Final = TransferKind.TRANSFER
_FEE: Final = TransferKind.FEE
_REBATE: Final = TransferKind.REBATE


class FillParts:
    """A fill in two parts. `closed_entry` is signed like the position's entry notional."""

    __slots__ = (
        "closed_entry",
        "closed_notional",
        "closed_quantity",
        "opened_notional",
        "opened_quantity",
        "realized_pnl",
    )

    def __init__(
        self,
        closed_quantity: int,
        closed_notional: int,
        closed_entry: int,
        realized_pnl: int,
        opened_quantity: int,
        opened_notional: int,
    ) -> None:
        self.closed_quantity = closed_quantity
        self.closed_notional = closed_notional
        self.closed_entry = closed_entry
        self.realized_pnl = realized_pnl
        self.opened_quantity = opened_quantity
        self.opened_notional = opened_notional


def split_fill(
    net: int, entry: int, side: Side, quantity: int, price: int, terms: Instrument
) -> FillParts:
    """The closing and the opening part of a fill against a signed position (UNIT-2).

    Closing takes `sign * floor(|entry| * q / Q)` out of the entry notional; PnL is exact
    against that.
    """
    unit_notional = price * terms.notional_multiplier
    if net * side >= 0:
        return FillParts(0, 0, 0, 0, quantity, quantity * unit_notional)
    held = abs(net)
    closed = quantity if quantity < held else held
    closed_notional = closed * unit_notional
    closed_entry = part_of(entry, closed, held)
    realized = -side * closed_notional - closed_entry
    opened = quantity - closed
    return FillParts(
        closed, closed_notional, closed_entry, realized, opened, opened * unit_notional
    )


def fee_of(notional: int, rate: int) -> int:
    """MAT-3: a fee rounds up; a rebate (negative) rounds toward zero, a receiver down."""
    return -(-notional * rate // RATE_ONE)


def opening_margin(notional: int, leverage: int) -> int:
    """What the opened part of an isolated fill puts into its wallet: `N / L` (WAL-4)."""
    return divide_up(notional, leverage)


class Purse:
    """The CROSS wallet of an account while isolated fills are tried."""

    __slots__ = ("cross_wallet_id", "released", "spent", "state")

    def __init__(self, state: ExchangeState, account_id: int) -> None:
        self.state = state
        self.cross_wallet_id = state.accounts[account_id].cross_wallet_id
        self.spent = 0
        """Out of CROSS so far, less what came back to it."""
        self.released = 0
        """Of the lock in CROSS, by orders that filled or will be canceled."""

    def room(self) -> int:
        """What may leave CROSS before anything was spent (WAL-5)."""
        return margin.withdrawal_room(self.state, self.cross_wallet_id, self.released)


class IsolatedSketch:
    """An isolated position while fills are tried: quantity, entry, margin; money is the purse's.

    Taken from the state, it can run ahead of it: planning an order and filling one ask the same
    question of the same code.
    """

    def __init__(
        self,
        state: ExchangeState,
        exposure: Exposure,
        position_side: PositionSide | None,
        purse: Purse,
    ) -> None:
        position = exposure.leg(position_side)
        self.state = state
        self.purse = purse
        self.record = exposure.record
        self.leverage = exposure.settings.leverage
        self.quantity = 0 if position is None else position.quantity
        self.entry = 0 if position is None else position.entry_notional
        self.account_id = exposure.settings.account_id
        self.margin = 0
        if position is not None:
            self.margin = margin.net_assets(state.wallets[position.wallet_id])
        self.keep_margin = False

    def refusal(self, after: "AfterFill") -> CancelReason | None:
        """WAL-4: why the opening part of a fill must not be made; none if it may be."""
        if after.opened == 0:
            return None
        if self.purse.spent + after.spent > self.purse.room():
            return CancelReason.INSUFFICIENT_MARGIN
        return None if after.is_above_call else CancelReason.WOULD_CAUSE_MARGIN_CALL

    def go_on(self, after: "AfterFill") -> None:
        """Goes on as if the fill were made."""
        self.quantity = after.quantity
        self.entry = after.entry
        self.margin = after.margin
        self.purse.spent += after.spent

    def after(self, side: Side, quantity: int, price: int, fee_rate: int) -> "AfterFill":
        """The account as a fill would leave it."""
        terms = self.record.terms
        parts = split_fill(self.quantity, self.entry, side, quantity, price, terms)
        spent = 0
        held = self.margin
        net = self.quantity + side * parts.closed_quantity
        entry = self.entry - parts.closed_entry
        if parts.closed_quantity:
            share = part_of(max(0, held), parts.closed_quantity, abs(self.quantity))
            fee = fee_of(parts.closed_notional, fee_rate)
            held += parts.realized_pnl - fee
            if not self.keep_margin:
                back = min(max(0, share + parts.realized_pnl - fee), max(0, held))
                held -= back
                spent -= back
        if parts.opened_quantity:
            if net == 0:
                held = self._held_for(side)
            placed = opening_margin(parts.opened_notional, self.leverage)
            held += placed
            spent += placed + fee_of(parts.opened_notional, fee_rate)
            net += side * parts.opened_quantity
            entry += side * parts.opened_notional
        above_call = parts.opened_quantity == 0 or self._is_above_call(net, entry, held)
        return AfterFill(parts.opened_quantity, net, entry, held, spent, above_call)

    def _is_above_call(self, net: int, entry: int, held: int) -> bool:
        signed = net * margin.mark_of(self.record) * self.record.terms.notional_multiplier
        exact = maintenance_at(self.record.tiers, abs(signed))
        call_margin = margin.call_margin_of(exact, self.state.parameters.call_ratio)
        return held + signed - entry > call_margin

    def _held_for(self, side: Side) -> int:
        """What an isolated wallet without a position still holds, or owes, within a command."""
        position_side = PositionSide(int(side))
        key = (self.account_id, self.record.terms.instrument_id, position_side)
        wallet = self.state.isolated_wallets.get(key)
        return 0 if wallet is None else margin.net_assets(wallet)


class AfterFill:
    """An isolated account after a fill; `spent` went out of CROSS, or came back if negative."""

    __slots__ = ("entry", "is_above_call", "margin", "opened", "quantity", "spent")

    def __init__(
        self,
        opened: int,
        quantity: int,
        entry: int,
        margin: int,
        spent: int,
        is_above_call: bool,
    ) -> None:
        self.opened = opened
        self.quantity = quantity
        self.entry = entry
        self.margin = margin
        self.spent = spent
        self.is_above_call = is_above_call
        """Asked of a fill that opens; one that only closes is always made."""


def fee_rate(account: AccountRecord, terms: Instrument, maker: bool) -> int:
    """MAT-3: the account's own rate if it has one, else the instrument's."""
    own = account.maker_fee_rate if maker else account.taker_fee_rate
    if own is not None:
        return own
    return terms.maker_fee_rate if maker else terms.taker_fee_rate


def fee_rate_of(state: ExchangeState, order: Order, maker: bool) -> int:
    """What an order pays on a fill; nothing in liquidation."""
    if order.liquidation_id is not None:
        return 0
    terms = state.instruments[order.instrument_id].terms
    return fee_rate(state.accounts[order.account_id], terms, maker)


class Fill:
    """One account's half of a trade, decided but not yet emitted."""

    __slots__ = ("account", "cause", "closing_fee", "exposure", "opening_fee", "order", "parts")

    def __init__(
        self,
        order: Order,
        account: AccountRecord,
        exposure: Exposure,
        cause: money.Cause,
        parts: FillParts,
        closing_fee: int,
        opening_fee: int,
    ) -> None:
        self.order = order
        self.account = account
        self.exposure = exposure
        self.cause = cause
        self.parts = parts
        self.closing_fee = closing_fee
        self.opening_fee = opening_fee


def decide_fill(
    state: ExchangeState, order: Order, trade_id: int, quantity: int, price: int, maker: bool
) -> Fill:
    """What a trade at this price and quantity means for the owner of the order."""
    account = state.accounts[order.account_id]
    exposure = state.exposures[order.account_id][order.instrument_id]
    terms = exposure.record.terms
    net, entry = 0, 0
    position = exposure.leg(order.position_side)
    if position is not None:
        net, entry = position.quantity, position.entry_notional
    parts = split_fill(net, entry, order.side, quantity, price, terms)
    rate = fee_rate(account, terms, maker) if order.liquidation_id is None else 0
    return Fill(
        order,
        account,
        exposure,
        money.Cause(order.order_id, trade_id, order.liquidation_id),
        parts,
        fee_of(parts.closed_notional, rate) if parts.closed_quantity else 0,
        fee_of(parts.opened_notional, rate) if parts.opened_quantity else 0,
    )


def settle_fill(run: Execution, fill: Fill, keep_margin: bool, lock: int) -> None:
    """Emits what the fill does. `lock` is what the order keeps locked in CROSS from now on."""
    order, parts = fill.order, fill.parts
    if order.locked != lock:
        run.emit(MarginLocked(order.order_id, fill.account.cross_wallet_id, lock))
    if parts.closed_quantity:
        _settle_closing(run, fill, keep_margin)
    if parts.opened_quantity:
        _settle_opening(run, fill)


def _settle_closing(run: Execution, fill: Fill, keep_margin: bool) -> None:
    order, parts = fill.order, fill.parts
    position = fill.exposure.short if order.side is BUY else fill.exposure.long
    if position is None:
        raise AssertionError(f"order {order.order_id} closes a position that is not there")
    wallet = run.state.wallets[position.wallet_id]
    gives_back = wallet.kind is ISOLATED_WALLET and not keep_margin
    share = 0
    if gives_back:
        held = max(0, margin.net_assets(wallet))
        share = part_of(held, parts.closed_quantity, abs(position.quantity))
    quantity = order.side * parts.closed_quantity
    close_position(run, position, quantity, parts.closed_entry, parts.realized_pnl, fill.cause)
    charge_fee(run, wallet.wallet_id, fill.closing_fee, fill.cause)
    if gives_back:
        back = max(0, share + parts.realized_pnl - fill.closing_fee)
        back = min(back, max(0, margin.net_assets(wallet)))
        cross = fill.account.cross_wallet_id
        money.receive(run, wallet.wallet_id, cross, _TRANSFER, back, fill.cause)


def close_position(
    run: Execution,
    position: Position,
    quantity: int,
    closed_entry: int,
    realized_pnl: int,
    cause: money.Cause,
) -> None:
    """Takes a signed quantity and its entry notional out of a position and settles the PnL."""
    wallet_id = position.wallet_id
    run.emit(
        PositionChanged(
            position.account_id,
            position.instrument_id,
            position.side,
            wallet_id,
            quantity,
            -closed_entry,
            realized_pnl,
            cause.trade_id,
            cause.liquidation_id,
        )
    )
    clearing = clearing_account(position.instrument_id)
    if realized_pnl >= 0:
        money.receive(run, clearing, wallet_id, _REALIZED_PNL, realized_pnl, cause)
    else:
        money.pay(run, wallet_id, clearing, _REALIZED_PNL, -realized_pnl, cause)


def _settle_opening(run: Execution, fill: Fill) -> None:
    order, parts = fill.order, fill.parts
    side = LONG if order.side is BUY else SHORT
    cross = wallet_id = fill.account.cross_wallet_id
    if order.margin_mode is ISOLATED_MARGIN:
        wallet_id = isolated_wallet(run, order.account_id, order.instrument_id, side)
        placed = opening_margin(parts.opened_notional, fill.exposure.settings.leverage)
        money.receive(run, cross, wallet_id, _TRANSFER, placed, fill.cause)
    run.emit(
        PositionChanged(
            order.account_id,
            order.instrument_id,
            side,
            wallet_id,
            order.side * parts.opened_quantity,
            order.side * parts.opened_notional,
            0,
            fill.cause.trade_id,
        )
    )
    charge_fee(run, cross, fill.opening_fee, fill.cause)


def isolated_wallet(
    run: Execution, account_id: int, instrument_id: int, side: PositionSide | None
) -> int:
    """The id of the isolated wallet of a position side, opened if this is its first use (WAL-1)."""
    wallet = run.state.isolated_wallets.get((account_id, instrument_id, side))
    if wallet is not None:
        return wallet.wallet_id
    wallet_id = run.state.counters.wallet + 1
    run.emit(WalletOpened(wallet_id, account_id, ISOLATED_WALLET, instrument_id, side))
    return wallet_id


def charge_fee(run: Execution, wallet_id: int, fee: int, cause: money.Cause) -> None:
    """A fee to the exchange, or a rebate from it."""
    if fee > 0:
        money.pay(run, wallet_id, FEES, _FEE, fee, cause)
    elif fee < 0:
        money.receive(run, FEES, wallet_id, _REBATE, -fee, cause)
