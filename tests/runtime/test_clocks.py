"""World clocks: they never run backwards, whatever is done to them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.runtime import clocks
from simulator.runtime.clocks import ClockMode, WorldClock


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A monotonic clock to be moved by hand: `machine[0]` is its time."""
    now = [1_000]
    monkeypatch.setattr(clocks, "monotonic_ns", lambda: now[0])
    return now


def test_a_scaled_clock_runs_speed_times_as_fast(machine: list[int]) -> None:
    clock = WorldClock(ClockMode.SCALED, 500, Fraction(10))
    machine[0] += 7
    assert clock.now() == 500 + 70
    clock.set_speed(Fraction(1, 4))
    machine[0] += 8
    assert clock.now() == 570 + 2
    assert clock.seconds_until(clock.now() + clocks.NS) == pytest.approx(4.0)


def test_a_paused_clock_stands_and_goes_on_from_there(machine: list[int]) -> None:
    clock = WorldClock(ClockMode.REAL, 500)
    clock.pause()
    machine[0] += 1_000_000
    assert clock.now() == 500
    assert clock.seconds_until(501) is None
    clock.resume()
    machine[0] += 3
    assert clock.now() == 503


def test_a_stepped_clock_moves_only_forward() -> None:
    clock = WorldClock(ClockMode.STEPPED, 500)
    clock.step_to(600)
    clock.step_to(550)
    assert clock.now() == 600
    with pytest.raises(ValueError, match="STEPPED clock has no speed"):
        clock.set_speed(Fraction(2))


@pytest.mark.parametrize("speed", [Fraction(1, 5), Fraction(10_001)])
def test_a_speed_outside_the_limits_is_refused(speed: Fraction) -> None:
    with pytest.raises(ValueError, match="should be between"):
        WorldClock(ClockMode.SCALED, 0, speed)


@given(
    st.lists(
        st.one_of(
            st.integers(0, 10**10),
            st.sampled_from(["pause", "resume"]),
            st.fractions(clocks.MIN_SPEED, clocks.MAX_SPEED, max_denominator=64),
        ),
        max_size=30,
    )
)
def test_time_2_world_time_never_runs_backwards(steps: list[object]) -> None:
    """TIME-2: seq and time only grow."""
    now = [0]
    original = clocks.monotonic_ns
    clocks.monotonic_ns = lambda: now[0]
    try:
        clock = WorldClock(ClockMode.SCALED, 0)
        last = clock.now()
        for step in steps:
            if isinstance(step, Fraction):
                clock.set_speed(step)
            elif step == "pause":
                clock.pause()
            elif step == "resume":
                clock.resume()
            elif isinstance(step, int):
                now[0] += step
            assert clock.now() >= last
            last = clock.now()
    finally:
        clocks.monotonic_ns = original
