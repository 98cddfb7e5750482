"""Seeded prices of several instruments, one step of time at a time.

A step adds to the logarithm of each price: volatility times a draw that is partly common to all
instruments, the drift of the spell, and jumps that hit all. The dice of a step are keyed by (seed,
time), so a walk depends on its seed and its steps alone. Integers only: rates are in 1e-12, and
prices are kept in 2^-20 of a price unit, so that many small steps are not rounded away. An
instrument that follows another has its price and no dice: it changes nobody's walk.
"""

from collections.abc import Mapping, Sequence
from math import isqrt

import msgspec

from simulator.core.model.units import NS_PER_HOUR, RATE_ONE, divide_half_even
from simulator.market.dice import Dice
from simulator.market.feeds.regimes import (
    NS_PER_DAY,
    RegimeConfig,
    Schedule,
    Spell,
    SyntheticConfig,
)

FINE = 1 << 20
"""Fine units in a price unit."""

_NS_PER_YEAR = 365 * NS_PER_DAY
_MOVES = 2
"""The purpose that keys the dice of moves; `regimes` has another."""


class SyntheticInstrument(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of a synthetic market."""

    instrument_id: int
    start_price: int
    """In the instrument's price units."""
    volatility_scale: int = RATE_ONE
    """How strongly it moves, against the regime's volatility, drift and jumps, in 1e-12."""
    correlation: int = 7 * RATE_ONE // 10
    """With the common factor, from -1 to 1 in 1e-12."""
    follows: int | None = None
    """The id of the instrument whose price is also its own, in the proportion of the two starting
    prices; then it has neither scale nor correlation of its own. None: it moves by itself."""

    def __post_init__(self) -> None:
        if self.start_price <= 0:
            raise ValueError(f"start_price is {self.start_price}: it should be positive")
        if self.volatility_scale < 0:
            raise ValueError(f"volatility_scale is {self.volatility_scale}: it should be 0 or more")
        if abs(self.correlation) > RATE_ONE:
            raise ValueError(f"correlation is {self.correlation}: it should be within +-{RATE_ONE}")


class PriceWalk:
    """Prices as they stand, by instrument id, and the step to the next ones."""

    def __init__(
        self, seed: int, instruments: Sequence[SyntheticInstrument], config: SyntheticConfig
    ) -> None:
        if not instruments:
            raise ValueError("a synthetic market needs at least one instrument")
        self._seed = seed
        self.instruments = sorted(instruments, key=lambda each: each.instrument_id)
        self._movers = [each for each in self.instruments if each.follows is None]
        self._followers = _with_leaders(self.instruments)
        self._independence = {
            each.instrument_id: isqrt(RATE_ONE * RATE_ONE - each.correlation * each.correlation)
            for each in self._movers
        }
        self._schedule = Schedule(seed, config)
        self.fine = {each.instrument_id: each.start_price * FINE for each in self.instruments}
        """Prices in fine units."""

    def prices(self) -> dict[int, int]:
        """Prices in price units, rounded half-even, never under one unit."""
        return {key: max(1, divide_half_even(fine, FINE)) for key, fine in self.fine.items()}

    def reset(self, prices: Mapping[int, int]) -> None:
        """Goes on from other prices, for the instruments named; followers have their leaders'."""
        for instrument_id, price in prices.items():
            self.fine[instrument_id] = price * FINE
        self._follow()

    def step(self, time_ns: int, step_ns: int) -> None:
        """Moves all prices over the step that ends at `time_ns`."""
        spell = self._schedule.spell_at(time_ns)
        regime = self._schedule.configs[spell.regime]
        deviation = isqrt(regime.annual_volatility_rate**2 * step_ns // _NS_PER_YEAR)
        dice = Dice(self._seed, _MOVES, time_ns)
        common = dice.normal()
        push = _push(regime, spell, step_ns, dice)
        for each in self._movers:
            own = self._independence[each.instrument_id] * dice.normal()
            draw = each.correlation * common + own
            move = deviation * draw // (RATE_ONE * RATE_ONE) + push
            self._add(each.instrument_id, move * each.volatility_scale // RATE_ONE)
        self._follow()

    def _follow(self) -> None:
        """Gives every follower the price of its leader."""
        for each, leader in self._followers:
            fine = self.fine[leader.instrument_id] * each.start_price
            self.fine[each.instrument_id] = divide_half_even(fine, leader.start_price)

    def _add(self, instrument_id: int, move: int) -> None:
        """Adds to the logarithm: exp(x) is 1 + x + x^2/2, close enough for a step's move."""
        growth = RATE_ONE + move + move * move // (2 * RATE_ONE)
        fine = divide_half_even(self.fine[instrument_id] * growth, RATE_ONE)
        self.fine[instrument_id] = max(FINE, fine)


def _with_leaders(
    instruments: Sequence[SyntheticInstrument],
) -> list[tuple[SyntheticInstrument, SyntheticInstrument]]:
    """Every follower with the instrument it follows."""
    known = {each.instrument_id: each for each in instruments}
    pairs = []
    for each in instruments:
        if each.follows is None:
            continue
        leader = known.get(each.follows)
        if leader is None or leader.follows is not None:
            raise ValueError(
                f"instrument {each.instrument_id} follows {each.follows}: it should be one of "
                "this market that follows nobody"
            )
        pairs.append((each, leader))
    return pairs


def _push(regime: RegimeConfig, spell: Spell, step_ns: int, dice: Dice) -> int:
    """Drift and jumps of a step, in the direction of the spell."""
    push = regime.hourly_drift_rate * step_ns // NS_PER_HOUR
    if regime.jump_interval_ns is not None:
        # A step of many intervals holds that many jumps; the rest of it is the chance of one more.
        jumps, rest = divmod(step_ns, regime.jump_interval_ns)
        jumps += int(dice.chance(rest * RATE_ONE // regime.jump_interval_ns))
        for _ in range(jumps):
            push += dice.between(regime.jump_rate // 2, regime.jump_rate + regime.jump_rate // 2)
    return spell.direction * push
