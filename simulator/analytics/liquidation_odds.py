"""How likely a liquidation within a time is, by drawing paths of the mark price.

The price that a path must cross is the core's own liquidation price. Only the paths are a model,
and `assumptions` says in plain words which one: a geometric random walk without drift, with
Merton's jumps if there are any. Floats are good enough for a chance; money never meets them.

Draws are those of Python's `Random.random()`, whose sequence for a seed is the same in every
version, made normal by Box and Muller: the same seed gives the same answer.
"""

import math
from collections.abc import Iterator
from random import Random
from typing import Final, NamedTuple

from simulator.core.model.enums import PositionSide
from simulator.core.model.units import RATE_ONE

SECONDS_PER_YEAR: Final = 365 * 24 * 3600
MOST_DRAWS: Final = 4_000_000
"""Paths times steps: what one answer may cost."""


class PriceModel(NamedTuple):
    """How the mark moves. All are rates in 1e-12 of the log price, but for `jumps_per_year`.

    `jump_mean` may be negative: crashes. `jump_deviation` is how much jumps differ.
    """

    volatility: int
    jumps_per_year: int = 0
    jump_mean: int = 0
    jump_deviation: int = 0


class Sample(NamedTuple):
    """How many paths are drawn, in how many steps each, and of which seed."""

    paths: int = 10_000
    steps: int = 200
    seed: int = 1


class Odds(NamedTuple):
    """`probability` and its standard error are rates in 1e-12."""

    probability: int
    standard_error: int
    crossed: int
    paths: int
    assumptions: tuple[str, ...]


def liquidation_odds(
    prices: tuple[int, int | None],
    side: PositionSide,
    seconds: int,
    model: PriceModel,
    sample: Sample = Sample(),
) -> Odds:
    """The share of paths that reach the liquidation price within `seconds`.

    `prices` are the mark now and the liquidation price, in the same units; without a liquidation
    price nothing can be reached. One that the mark is at or beyond is reached at once.

    Raises:
        ValueError: a number out of range, or more draws than `MOST_DRAWS`.
    """
    mark, line = prices
    _check(mark, seconds, model, sample)
    crossed = 0
    if line is not None and (mark - line) * side <= 0:
        crossed = sample.paths
    elif line is not None and line > 0:
        crossed = _count_crossings(math.log(line / mark) * side, side, seconds, model, sample)
    share = crossed / sample.paths
    error = math.sqrt(share * (1 - share) / sample.paths)
    return Odds(
        crossed * RATE_ONE // sample.paths,
        round(error * RATE_ONE),
        crossed,
        sample.paths,
        assumptions(seconds, model, sample),
    )


def _check(mark: int, seconds: int, model: PriceModel, sample: Sample) -> None:
    if mark <= 0 or seconds <= 0 or sample.paths <= 0 or sample.steps <= 0:
        raise ValueError("mark, time, paths and steps should be above zero")
    if sample.paths * sample.steps > MOST_DRAWS:
        raise ValueError(f"paths times steps should be at most {MOST_DRAWS:,}")
    if not 0 <= model.volatility <= 100 * RATE_ONE:
        raise ValueError("the volatility should be between 0 and 100 (10,000 % a year)")
    if not 0 <= model.jumps_per_year <= 10_000:
        raise ValueError("there should be between 0 and 10,000 jumps a year")
    if abs(model.jump_mean) > 10 * RATE_ONE or not 0 <= model.jump_deviation <= 10 * RATE_ONE:
        raise ValueError("jump mean and deviation should be at most 10")


def _count_crossings(
    distance: float, side: PositionSide, seconds: int, model: PriceModel, sample: Sample
) -> int:
    """Paths of the log price, seen from the position: losses are negative, `distance` is too."""
    dice = Random(sample.seed)
    normals = _normals(dice)
    step_years = seconds / SECONDS_PER_YEAR / sample.steps
    step_deviation = model.volatility / RATE_ONE * math.sqrt(step_years)
    jump_mean = model.jump_mean / RATE_ONE * side
    jump_deviation = model.jump_deviation / RATE_ONE
    crossed = 0
    for _ in range(sample.paths):
        place = 0.0
        jump_at = _wait(dice, model.jumps_per_year)
        for step in range(1, sample.steps + 1):
            place += step_deviation * next(normals)
            while jump_at <= step * step_years:
                place += jump_mean + jump_deviation * next(normals)
                jump_at += _wait(dice, model.jumps_per_year)
            if place <= distance:
                crossed += 1
                break
    return crossed


def _wait(dice: Random, jumps_per_year: int) -> float:
    """Years until the next jump."""
    if jumps_per_year == 0:
        return math.inf
    return -math.log(1.0 - dice.random()) / jumps_per_year


def _normals(dice: Random) -> Iterator[float]:
    """Box and Muller: two normal draws of two uniform ones."""
    while True:
        radius = math.sqrt(-2.0 * math.log(1.0 - dice.random()))
        angle = math.tau * dice.random()
        yield radius * math.cos(angle)
        yield radius * math.sin(angle)


def assumptions(seconds: int, model: PriceModel, sample: Sample) -> tuple[str, ...]:
    """What the answer rests on, in plain words."""
    jumps = "There are no jumps."
    if model.jumps_per_year:
        jumps = (
            f"There are {model.jumps_per_year:,} jumps a year on average, each of "
            f"{_percent(model.jump_mean)} on average, give or take {_percent(model.jump_deviation)}"
            " (of the log price)."
        )
    return (
        "The price has no trend: the log price has a drift of 0.",
        f"It moves by {_percent(model.volatility)} a year (annualized volatility), the same all "
        "the time.",
        jumps,
        f"The price is looked at {sample.steps:,} times, every {seconds / sample.steps:,.6g} "
        "seconds; what it does between two looks is not seen, so the true chance is a little "
        "higher.",
        "No funding, interest or fee is paid on the way, and nothing is added or reduced.",
        "The prices of other positions stand still.",
        f"{sample.paths:,} paths were drawn with seed {sample.seed}; the standard error says how "
        "far chance may have moved the answer.",
    )


def _percent(rate: int) -> str:
    return f"{rate / RATE_ONE * 100:.6g} %"
