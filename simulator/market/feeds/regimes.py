"""The weather of a synthetic market: spells of calm, trend and shock.

A day of world time (UTC) has a schedule of spells, drawn as a small Markov chain with dwell times
from (seed, day) alone. So the regime of any moment is known without having lived up to it, and a
feed that is restarted finds the weather unchanged. A spell ends with its day.
"""

from enum import IntEnum
from typing import NamedTuple

import msgspec

from simulator.core.model.units import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND, RATE_ONE
from simulator.market.dice import Dice

NS_PER_DAY = 24 * NS_PER_HOUR

_SPELLS = 1
"""The purpose that keys the dice of schedules."""


class Regime(IntEnum):
    CALM = 1
    TREND = 2
    SHOCK = 3


_NEXT = {
    Regime.CALM: (Regime.TREND, Regime.TREND, Regime.TREND, Regime.SHOCK),
    Regime.TREND: (Regime.CALM, Regime.CALM, Regime.CALM, Regime.SHOCK),
    Regime.SHOCK: (Regime.CALM, Regime.TREND),
}
"""What may follow a spell; each entry is as likely as the next."""

_AT_MIDNIGHT = (Regime.CALM, Regime.CALM, Regime.TREND)


class RegimeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How prices move in one regime; rates in 1e-12."""

    annual_volatility_rate: int
    hourly_drift_rate: int = 0
    """How far prices go in an hour in the direction of the spell, which is up or down by a coin."""
    mean_dwell_ns: int
    """A spell lasts from half of this to one and a half."""
    jump_rate: int = 0
    """The mean size of a jump in the direction of the spell; from half of it to one and a half."""
    jump_interval_ns: int | None = None
    """The mean time between jumps; none: no jumps."""

    def __post_init__(self) -> None:
        for name in ("annual_volatility_rate", "hourly_drift_rate", "jump_rate"):
            value: int = getattr(self, name)
            if value < 0:
                raise ValueError(f"{name} is {value}: it should be 0 or more")
        if self.mean_dwell_ns < NS_PER_MINUTE:
            raise ValueError(
                f"mean_dwell_ns is {self.mean_dwell_ns}: it should be a minute or more"
            )
        if self.jump_interval_ns is not None and self.jump_interval_ns < NS_PER_SECOND:
            raise ValueError(
                f"jump_interval_ns is {self.jump_interval_ns}: it should be a second or more"
            )


class SyntheticConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The regimes of a synthetic market, and how often it gives prices."""

    interval_ns: int = NS_PER_SECOND
    calm: RegimeConfig = RegimeConfig(
        annual_volatility_rate=40 * RATE_ONE // 100, mean_dwell_ns=4 * NS_PER_HOUR
    )
    trend: RegimeConfig = RegimeConfig(
        annual_volatility_rate=60 * RATE_ONE // 100,
        hourly_drift_rate=4 * RATE_ONE // 1000,
        mean_dwell_ns=90 * NS_PER_MINUTE,
    )
    shock: RegimeConfig = RegimeConfig(
        annual_volatility_rate=2 * RATE_ONE,
        hourly_drift_rate=4 * RATE_ONE // 100,
        mean_dwell_ns=12 * NS_PER_MINUTE,
        jump_rate=2 * RATE_ONE // 1000,
        jump_interval_ns=3 * NS_PER_MINUTE,
    )

    def __post_init__(self) -> None:
        if self.interval_ns <= 0:
            raise ValueError(f"interval_ns is {self.interval_ns}: it should be positive")


class Spell(NamedTuple):
    """A stretch of one regime; it ends before `end_ns`."""

    end_ns: int
    regime: Regime
    direction: int
    """1 or -1: where drift and jumps go."""


class Schedule:
    """Which spell prevails at a moment: a function of seed, config and time."""

    def __init__(self, seed: int, config: SyntheticConfig) -> None:
        self.configs = {
            Regime.CALM: config.calm,
            Regime.TREND: config.trend,
            Regime.SHOCK: config.shock,
        }
        self._seed = seed
        self._day = -1
        self._spells: list[Spell] = []

    def spell_at(self, time_ns: int) -> Spell:
        day = time_ns // NS_PER_DAY
        if day != self._day:
            self._day, self._spells = day, self._spells_of(day)
        return next(spell for spell in self._spells if time_ns < spell.end_ns)

    def _spells_of(self, day: int) -> list[Spell]:
        dice = Dice(self._seed, _SPELLS, day)
        spells: list[Spell] = []
        time_ns, midnight = day * NS_PER_DAY, (day + 1) * NS_PER_DAY
        regime = _AT_MIDNIGHT[dice.below(len(_AT_MIDNIGHT))]
        while time_ns < midnight:
            mean = self.configs[regime].mean_dwell_ns
            time_ns = min(midnight, time_ns + dice.between(mean // 2, mean + mean // 2))
            spells.append(Spell(time_ns, regime, 2 * dice.below(2) - 1))
            regime = _NEXT[regime][dice.below(len(_NEXT[regime]))]
        return spells
