"""The chance of a liquidation: against the closed form, and as it should change with its terms."""

import math
from statistics import NormalDist

import pytest

from simulator.analytics.liquidation_odds import (
    SECONDS_PER_YEAR,
    PriceModel,
    Sample,
    liquidation_odds,
)
from simulator.core.model.enums import PositionSide
from simulator.core.model.units import RATE_ONE
from tests.scenario import rate

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
DAY = 24 * 3600
SAMPLE = Sample(paths=8_000, steps=100, seed=20210519)
VOLATILE = PriceModel(rate("80%"))


def chance(line: int, side: PositionSide = LONG, model: PriceModel = VOLATILE) -> float:
    return liquidation_odds((1_000_000, line), side, DAY, model, SAMPLE).probability / RATE_ONE


@pytest.mark.parametrize("line", [990_000, 970_000, 950_000, 920_000, 1_015_000, 1_060_000])
def test_the_closed_form_of_a_driftless_walk(line: int) -> None:
    """Reflection: 2 * Phi(-distance / (sigma * sqrt(T))), the distance in log prices.

    A path that is looked at now and then crosses as one that is always watched crosses a line that
    is 0.5826 step deviations further away (Broadie, Glasserman and Kou 1997): the continuity note.
    """
    side = LONG if line < 1_000_000 else SHORT
    deviation = 0.8 * math.sqrt(DAY / SECONDS_PER_YEAR)
    distance = abs(math.log(line / 1_000_000))
    further = distance + 0.5826 * deviation / math.sqrt(SAMPLE.steps)
    exact = 2 * NormalDist().cdf(-further / deviation)
    watched = 2 * NormalDist().cdf(-distance / deviation)
    odds = liquidation_odds((1_000_000, line), side, DAY, VOLATILE, SAMPLE)
    found, error = odds.probability / RATE_ONE, odds.standard_error / RATE_ONE
    assert abs(found - exact) < 3.5 * error + 1e-4
    assert found < watched + 3.5 * error + 1e-4


def test_the_same_seed_gives_the_same_answer_and_another_one_another() -> None:
    odds = liquidation_odds((1_000_000, 970_000), LONG, DAY, VOLATILE, SAMPLE)
    again = liquidation_odds((1_000_000, 970_000), LONG, DAY, VOLATILE, SAMPLE)
    assert odds == again
    other = liquidation_odds((1_000_000, 970_000), LONG, DAY, VOLATILE, SAMPLE._replace(seed=2))
    assert other.crossed != odds.crossed
    assert odds.paths == 8_000
    assert odds.probability == odds.crossed * RATE_ONE // 8_000


def test_it_is_likelier_nearer_longer_and_wilder() -> None:
    assert chance(990_000) > chance(970_000) > chance(940_000)
    calm, wild = PriceModel(rate("40%")), PriceModel(rate("160%"))
    assert chance(970_000, model=calm) < chance(970_000) < chance(970_000, model=wild)
    week = liquidation_odds((1_000_000, 970_000), LONG, 7 * DAY, VOLATILE, SAMPLE)
    assert week.probability / RATE_ONE > chance(970_000)


def test_crashes_are_dangerous_for_longs_alone() -> None:
    crashes = PriceModel(rate("80%"), 100, rate("-10%"), rate("2%"))
    assert chance(940_000, model=crashes) > chance(940_000) + 0.1
    assert chance(1_080_000, SHORT, crashes) < chance(1_080_000, SHORT)


def test_jumps_alone_come_as_often_as_they_are_said_to() -> None:
    """Each jump of 10 % crosses: the chance of one in a day is 1 - exp(-100 / 365)."""
    only_jumps = PriceModel(0, 100, rate("-10%"), 0)
    assert abs(chance(950_000, model=only_jumps) - (1 - math.exp(-100 / 365))) < 0.02


def test_a_line_that_is_met_already_or_does_not_exist() -> None:
    assert chance(1_000_000) == 1
    assert chance(1_000_001) == 1
    assert chance(999_999, SHORT) == 1
    none = liquidation_odds((1_000_000, None), LONG, DAY, VOLATILE, SAMPLE)
    assert (none.probability, none.standard_error) == (0, 0)
    still = liquidation_odds((1_000_000, 999_999), LONG, DAY, PriceModel(0), SAMPLE)
    assert still.probability == 0


def test_the_assumptions_are_said_in_words() -> None:
    odds = liquidation_odds(
        (1_000_000, 970_000), LONG, DAY, PriceModel(rate("80%"), 12, rate("-5%"), rate("3%")),
        Sample(10, 96, 5),
    )  # fmt: skip
    said = " ".join(odds.assumptions)
    for words in ("drift of 0", "80 % a year", "12 jumps a year", "-5 %", "every 900 seconds",
                  "No funding", "seed 5"):  # fmt: skip
        assert words in said
    assert "no jumps" in " ".join(
        liquidation_odds((100, 90), LONG, DAY, VOLATILE, Sample(1, 1)).assumptions
    )


@pytest.mark.parametrize(
    ("mark", "seconds", "model", "sample", "said"),
    [
        (0, 1, VOLATILE, SAMPLE, "above zero"),
        (1, 0, VOLATILE, SAMPLE, "above zero"),
        (1, 1, VOLATILE, Sample(0, 1), "above zero"),
        (1, 1, VOLATILE, Sample(10**6, 10**3), "at most 4,000,000"),
        (1, 1, PriceModel(-1), SAMPLE, "volatility"),
        (1, 1, PriceModel(1, -1), SAMPLE, "jumps a year"),
        (1, 1, PriceModel(1, 1, 0, -1), SAMPLE, "deviation"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    mark: int, seconds: int, model: PriceModel, sample: Sample, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        liquidation_odds((mark, 1), LONG, seconds, model, sample)
