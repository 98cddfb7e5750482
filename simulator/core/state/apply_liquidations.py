"""Applying the events of liquidations that wait, and of those that fall to other traders."""

from collections.abc import Callable
from typing import Any, Final

from simulator.core.model import events as e
from simulator.core.model.enums import PositionSide
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.rows import OngoingLiquidation


def _paused(state: ExchangeState, event: e.LiquidationPaused) -> None:
    _set(state, event.wallet_id, (event.instrument_id, event.position_side, event.resume_ns))


def _resumed(state: ExchangeState, event: e.LiquidationResumed) -> None:
    _set(state, event.wallet_id, (event.instrument_id, event.position_side, None))
    state.touched_units[event.wallet_id] = None


def _set(
    state: ExchangeState, wallet_id: int, cooldown: tuple[int, PositionSide, int | None]
) -> None:
    liquidation = _liquidation_of(state, wallet_id)
    others = [each for each in liquidation.cooldowns if each[:2] != cooldown[:2]]
    liquidation.cooldowns = (*others, cooldown)
    if any(each[2] is not None for each in liquidation.cooldowns):
        state.cooling[wallet_id] = None
    else:
        state.cooling.pop(wallet_id, None)
    if state.notes is not None:
        state.notes.wallets[wallet_id] = None


def _liquidation_of(state: ExchangeState, wallet_id: int) -> OngoingLiquidation:
    liquidation = state.wallets[wallet_id].liquidation
    if liquidation is None:
        raise AssertionError(f"wallet {wallet_id} is not in liquidation")
    return liquidation


def _reported(state: ExchangeState, event: object) -> None:
    """Positions and money change by events of their own."""


LIQUIDATION_HANDLERS: Final[dict[type[Any], Callable[[ExchangeState, Any], None]]] = {
    e.LiquidationPaused: _paused,
    e.LiquidationResumed: _resumed,
    e.DeleveragingStarted: _reported,
    e.PositionDeleveraged: _reported,
}
