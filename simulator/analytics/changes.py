"""The changes with which a journal is executed again: one thing that somebody did otherwise."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from simulator.analytics.episode import AssetFormula
from simulator.analytics.what_if import NoChange
from simulator.core.codec import Entry
from simulator.core.model.commands import (
    AmendOrder,
    AnyCommand,
    Deposit,
    PlaceOrder,
    ReplaceQuotes,
    SetLeverage,
    SetMarginMode,
    TransferFunds,
)
from simulator.core.model.enums import (
    MarginMode,
    OrderType,
    PositionSide,
    Side,
    TriggerSource,
    WalletKind,
)
from simulator.core.model.instruments import VALUATION_ASSET, RiskTier
from simulator.core.model.triggers import Trigger
from simulator.core.model.units import RATE_ONE, divide_up
from simulator.core.rules import margin
from simulator.core.state.exchange_state import ExchangeState


class Beforehand(NoChange):
    """Commands of one's own before the first entry; then all as recorded."""

    def __init__(self, commands: Sequence[AnyCommand]) -> None:
        self._commands = commands

    def first(self, state: ExchangeState) -> Sequence[AnyCommand]:
        return self._commands


class LowerLeverage(NoChange):
    """No more leverage than this on one instrument."""

    def __init__(self, account_id: int, instrument_id: int, leverage: int) -> None:
        self._account_id = account_id
        self._instrument_id = instrument_id
        self._leverage = leverage

    def first(self, state: ExchangeState) -> Sequence[AnyCommand]:
        if state.settings(self._account_id, self._instrument_id).leverage <= self._leverage:
            return ()
        return (SetLeverage(self._account_id, self._instrument_id, self._leverage),)

    def instead(self, entry: Entry, state: ExchangeState) -> AnyCommand | None:
        command = entry.command
        if isinstance(command, SetLeverage) and command.account_id == self._account_id:
            if command.instrument_id == self._instrument_id and command.leverage > self._leverage:
                return msgspec.structs.replace(command, leverage=self._leverage)
        return command


class Smaller(NoChange):
    """Every order on one position is smaller by a factor, its leverage perhaps lower."""

    def __init__(
        self,
        account_id: int,
        position: tuple[int, PositionSide],
        factor: Fraction,
        leverage: int | None,
    ) -> None:
        self._account_id = account_id
        self._instrument_id, self._side = position
        self._factor = factor
        self._lower = None
        if leverage is not None:
            self._lower = LowerLeverage(account_id, self._instrument_id, leverage)

    def first(self, state: ExchangeState) -> Sequence[AnyCommand]:
        return () if self._lower is None else self._lower.first(state)

    def instead(self, entry: Entry, state: ExchangeState) -> AnyCommand | None:
        command = entry.command
        if self._lower is not None and isinstance(command, SetLeverage):
            return self._lower.instead(entry, state)
        if getattr(command, "account_id", None) != self._account_id:
            return command
        if isinstance(command, PlaceOrder) and command.instrument_id == self._instrument_id:
            if command.position_side not in (None, self._side):
                return command
            return msgspec.structs.replace(command, quantity=self._less(state, command.quantity))
        if isinstance(command, AmendOrder) and command.quantity is not None:
            order = state.orders.get(command.order_id)
            if order is not None and order.instrument_id == self._instrument_id:
                quantity = self._less(state, command.quantity)
                return msgspec.structs.replace(command, quantity=quantity)
        if isinstance(command, ReplaceQuotes) and command.instrument_id == self._instrument_id:
            return msgspec.structs.replace(
                command,
                bids=tuple((price, self._less(state, each)) for price, each in command.bids),
                asks=tuple((price, self._less(state, each)) for price, each in command.asks),
            )
        return command

    def _less(self, state: ExchangeState, quantity: int) -> int:
        lot = state.instruments[self._instrument_id].terms.lot_size
        return max(lot, int(quantity * self._factor) // lot * lot)


class OtherMode(NoChange):
    """Another margin mode on one instrument, from the first to the last."""

    def __init__(self, account_id: int, instrument_id: int, mode: MarginMode) -> None:
        self._command = SetMarginMode(account_id, instrument_id, mode)

    def first(self, state: ExchangeState) -> Sequence[AnyCommand]:
        return (self._command,)

    def instead(self, entry: Entry, state: ExchangeState) -> AnyCommand | None:
        command, own = entry.command, self._command
        if isinstance(command, SetMarginMode) and command.account_id == own.account_id:
            if command.instrument_id == own.instrument_id:
                return own
        return command


def adding_margin(
    state: ExchangeState, wallet_id: int, amount: int
) -> tuple[int, list[AnyCommand]]:
    """How `amount` comes into a unit: from the account's free funds first, the rest deposited.

    Returns:
        What of it was there already, and the commands.
    """
    wallet = state.wallets[wallet_id]
    account = state.accounts[wallet.account_id]
    isolated = wallet.kind is WalletKind.ISOLATED
    kind = WalletKind.CROSS if isolated else WalletKind.SPOT
    source = account.cross_wallet_id if isolated else account.spot_wallet_id
    own = min(amount, margin.withdrawable(state, source))
    commands: list[AnyCommand] = []
    if isolated:
        if own < amount:
            commands.append(Deposit(source, VALUATION_ASSET, amount - own))
        own_transfer = amount
    else:
        if own < amount:
            commands.append(Deposit(wallet_id, VALUATION_ASSET, amount - own))
        own_transfer = own
    if own_transfer > 0:
        commands.append(
            TransferFunds(
                wallet.account_id,
                kind,
                wallet.kind,
                VALUATION_ASSET,
                own_transfer,
                wallet.instrument_id,
                wallet.position_side,
            )
        )
    return own, commands


def protecting(
    state: ExchangeState, account_id: int, position: tuple[int, PositionSide], price: int
) -> list[AnyCommand]:
    """A stop-market order that closes the whole position at a mark; none if there is none."""
    instrument_id, side = position
    exposure = state.find_exposure(account_id, instrument_id)
    if exposure is None or exposure.leg_quantity(side) == 0:
        return []
    return [
        PlaceOrder(
            account_id,
            instrument_id,
            Side.SELL if side is PositionSide.LONG else Side.BUY,
            OrderType.STOP_MARKET,
            0,
            position_side=side if exposure.hedged else None,
            trigger=Trigger(TriggerSource.MARK, price),
            close_position=True,
        )
    ]


def unwinding(
    state: ExchangeState, wallet_id: int, asset: AssetFormula, price: int
) -> list[AnyCommand]:
    """A stop-market order that sells all of an asset that a unit holds, or buys back what it owes;
    none if that is less than a lot, or if the account trades the pair from another wallet."""
    wallet = state.wallets[wallet_id]
    settings = state.settings(wallet.account_id, asset.instrument_id)
    if state.spot_wallet(wallet.account_id, asset.instrument_id, settings.margin_mode) != wallet_id:
        return []
    terms = state.instruments[asset.instrument_id].terms
    holding = state.holding(wallet_id, asset.asset_id)
    net = holding.balance - holding.borrowed - holding.interest
    if net * asset.side <= 0:
        return []
    exact, lot = terms.lot_size * terms.base_multiplier, terms.lot_size
    lots = net // exact if asset.side is PositionSide.LONG else divide_up(-net, exact)
    quantity = min(lots * lot, terms.max_market_quantity // lot * lot)
    if quantity < terms.min_quantity:
        return []
    return [
        PlaceOrder(
            wallet.account_id,
            asset.instrument_id,
            Side.SELL if asset.side is PositionSide.LONG else Side.BUY,
            OrderType.STOP_MARKET,
            quantity,
            trigger=Trigger(TriggerSource.MARK, price),
            auto_borrow=False,
        )
    ]


def called(tier: RiskTier, call_ratio: int) -> RiskTier:
    """A tier whose maintenance is the call margin: so that the line of a call can be solved for.

    Both parts are rounded so that the call is met no later than in truth.
    """
    return msgspec.structs.replace(
        tier,
        maintenance_margin_rate=divide_up(tier.maintenance_margin_rate * RATE_ONE, call_ratio),
        deduction=tier.deduction * RATE_ONE // call_ratio,
    )
