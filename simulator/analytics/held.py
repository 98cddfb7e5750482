"""What an episode is mainly about, and the unit held on to: how low its equity would have gone."""

from typing import NamedTuple, Protocol

from simulator.core.model import events as e
from simulator.core.model.enums import PositionSide
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.risk_tiers import maintenance_at
from simulator.core.model.units import RATE_ONE, divide_up
from simulator.core.rules import margin, spot_risk
from simulator.core.rules.valuation import Holdings
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Wallet


class Main(NamedTuple):
    """The position with the largest maintenance; of a unit without any the largest asset, long if
    it is held and short if it is owed."""

    instrument_id: int
    side: PositionSide
    is_spot: bool


def main_of(state: ExchangeState, wallet_id: int) -> Main | None:
    """None of a unit that holds and owes nothing but the valuation asset: no price moves it."""
    position = margin.largest_position(state, wallet_id)
    if position is not None:
        return Main(position.instrument_id, position.side, False)
    exposures = spot_risk.exposures_of(state, state.wallets[wallet_id])
    if not exposures:
        return None
    return Main(exposures[0].record.terms.instrument_id, exposures[0].side, True)


def opened_in(event: e.AnyEvent, account_id: int, main: Main) -> int:
    """What the event adds to the quantity of a position, or what it buys or sells of an asset."""
    if main.is_spot:
        return _traded_in(event, account_id, main)
    if not isinstance(event, e.PositionChanged) or event.account_id != account_id:
        return 0
    if (event.instrument_id, event.position_side) != (main.instrument_id, main.side):
        return 0
    return max(0, event.quantity * event.position_side)


def _traded_in(event: e.AnyEvent, account_id: int, main: Main) -> int:
    if not isinstance(event, e.TradeExecuted) or event.instrument_id != main.instrument_id:
        return 0
    side = 0
    if event.taker_account_id == account_id:
        side = event.taker_side.value
    elif event.maker_account_id == account_id:
        side = -event.taker_side.value
    return event.quantity if side == main.side.value else 0


class Held(Protocol):
    """A unit as it was at the event, held on to."""

    instruments: frozenset[int]
    """Whose prices it depends on."""
    lowest: int
    lowest_to_call: int
    worst_mark: int
    """See `Episode`."""

    def look(self) -> None:
        """At the prices of now."""


def hold(state: ExchangeState, wallet_id: int, main: Main) -> Held:
    if main.is_spot:
        return _HeldAssets(state, wallet_id, main)
    return _HeldPositions(state, wallet_id, main)


class _Lowest:
    """The least of equity less a line so far."""

    def __init__(self, state: ExchangeState, main: Main) -> None:
        self._state = state
        self._main = main
        self.lowest = self.lowest_to_call = 1 << 100
        self.worst_mark = 0

    def _note(self, equity: int, maintenance_margin: int, call_margin: int) -> None:
        self.lowest_to_call = min(self.lowest_to_call, equity - call_margin)
        if equity - maintenance_margin < self.lowest:
            self.lowest = equity - maintenance_margin
            record = self._state.instruments[self._main.instrument_id]
            self.worst_mark = margin.mark_of(record)


class _HeldPositions(_Lowest):
    """Positions at their marks; other assets and loans as they were worth."""

    def __init__(self, state: ExchangeState, wallet_id: int, main: Main) -> None:
        super().__init__(state, main)
        risk = margin.assess(state, wallet_id)
        self._net = risk.net_assets
        worth = risk.worth
        self._debt_lines = (0, 0) if worth is None else (worth.debt_maintenance, worth.debt_call)
        self._positions = [
            (each.instrument_id, each.quantity, each.entry_notional)
            for each in state.unit_positions.get(wallet_id, {}).values()
        ]
        self.instruments = frozenset(instrument_id for instrument_id, _, _ in self._positions)
        self.look()

    def look(self) -> None:
        equity, exact = self._net, 0
        for instrument_id, quantity, entry_notional in self._positions:
            record = self._state.instruments[instrument_id]
            worth = quantity * margin.mark_of(record) * record.terms.notional_multiplier
            equity += worth - entry_notional
            exact += maintenance_at(record.tiers, abs(worth))
        of_debts, called_debts = self._debt_lines
        ratio = self._state.parameters.call_ratio
        call_margin = margin.call_margin_of(exact, ratio, called_debts)
        self._note(equity, divide_up(exact + of_debts, RATE_ONE), call_margin)


class _HeldAssets(_Lowest):
    """Assets and loans at the index prices of now."""

    def __init__(self, state: ExchangeState, wallet_id: int, main: Main) -> None:
        super().__init__(state, main)
        wallet = state.wallets[wallet_id]
        self._held = Holdings(wallet)
        # a wallet of its own: what the true one holds, and the positions it opens, do not matter
        self._wallet = Wallet(0, wallet.account_id, wallet.kind, wallet.instrument_id)
        self.instruments = frozenset(
            state.spot_records[asset_id].terms.instrument_id
            for asset_id in wallet.holdings
            if asset_id != VALUATION_ASSET and asset_id in state.spot_records
        )
        self.look()

    def look(self) -> None:
        risk = margin.assess_with(self._state, self._wallet, self._held)
        self._note(risk.equity, risk.maintenance_margin, risk.call_margin)
