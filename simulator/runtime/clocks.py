"""World clocks: real, scaled, stepped, paused. The only place that reads the machine's clock.

World time is an integer of nanoseconds since 1970 UTC and never runs backwards. Progress is
measured on the machine's monotonic clock, so a jump of the wall clock moves no world.
"""

import time
from enum import Enum
from fractions import Fraction

NS = 10**9


def wall_ns() -> int:
    """Wall time in nanoseconds since 1970 UTC: for logins, signatures and rate limits only."""
    return time.time_ns()


def monotonic_ns() -> int:
    return time.monotonic_ns()


class ClockMode(Enum):
    REAL = "REAL"
    SCALED = "SCALED"
    STEPPED = "STEPPED"


MIN_SPEED = Fraction(1, 4)
MAX_SPEED = Fraction(10_000)


class WorldClock:
    """The time of one world.

    REAL follows wall time from its start, SCALED runs `speed` times as fast, STEPPED stands until
    it is stepped. Any of them can be paused, and while it is paused it can be stepped.
    """

    def __init__(
        self, mode: ClockMode, start_ns: int, speed: Fraction = Fraction(1), paused: bool = False
    ) -> None:
        self.mode = mode
        self._world_ns = start_ns
        self._anchor_ns = monotonic_ns()
        self._speed = Fraction(1)
        self._paused = paused
        if mode == ClockMode.SCALED:
            self.set_speed(speed)

    @property
    def speed(self) -> Fraction:
        """World seconds per second, as asked for; the world may not keep up."""
        return self._speed

    @property
    def paused(self) -> bool:
        return self._paused

    def now(self) -> int:
        """World time now."""
        if self._paused or self.mode == ClockMode.STEPPED:
            return self._world_ns
        elapsed = monotonic_ns() - self._anchor_ns
        return self._world_ns + elapsed * self._speed.numerator // self._speed.denominator

    def pause(self) -> None:
        self._settle()
        self._paused = True

    def resume(self) -> None:
        self._settle()
        self._paused = False

    def set_speed(self, speed: Fraction) -> None:
        """Changes the speed of a SCALED clock.

        Raises:
            ValueError: the clock is not scaled, or the speed is outside 0.25 to 10,000.
        """
        if self.mode != ClockMode.SCALED:
            raise ValueError(f"a {self.mode.value} clock has no speed to set")
        if not MIN_SPEED <= speed <= MAX_SPEED:
            raise ValueError(f"speed {speed} should be between {MIN_SPEED} and {MAX_SPEED}")
        self._settle()
        self._speed = speed

    def step_to(self, world_ns: int) -> None:
        """Moves a STEPPED or paused clock forward; a time in its past leaves it where it is."""
        if self.mode != ClockMode.STEPPED and not self._paused:
            raise ValueError(f"a {self.mode.value} clock cannot be stepped while it runs")
        self._world_ns = max(self._world_ns, world_ns)

    def seconds_until(self, world_ns: int) -> float | None:
        """Wall seconds until a world time; none if it will not come by itself."""
        if self._paused or self.mode == ClockMode.STEPPED:
            return None
        missing = world_ns - self.now()
        return max(0.0, float(missing / self._speed / NS))

    def _settle(self) -> None:
        """Makes now the anchor, so that what changes next changes nothing before."""
        self._world_ns = self.now()
        self._anchor_ns = monotonic_ns()
