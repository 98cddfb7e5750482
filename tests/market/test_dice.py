"""Dice: the same draws for the same keys on any machine, and fair ones."""

from collections import Counter

import pytest

from simulator.core.model.units import RATE_ONE
from simulator.market.dice import Dice


def test_draws_are_the_same_on_any_machine() -> None:
    """Golden: these numbers change only with the definition of the dice."""
    dice = Dice(7, -1, 2**100)
    assert [dice.word() for _ in range(3)] == [
        2_553_425_484_424_297_757,
        15_648_322_391_838_443_039,
        4_442_874_036_554_303_254,
    ]
    assert [dice.below(1_000) for _ in range(5)] == [252, 810, 208, 290, 500]
    assert [dice.normal() for _ in range(3)] == [
        605_930_840_829,
        68_668_360_589,
        -694_581_898_861,
    ]


def test_keys_make_different_streams() -> None:
    streams = {
        Dice(*keys).word() for keys in ((1,), (2,), (-1,), (1, 0), (0, 1), (1, 1), (1 << 64,))
    }
    assert len(streams) == 7


def test_a_key_too_large_is_refused() -> None:
    with pytest.raises(OverflowError):
        Dice(1 << 127)


def test_uniform_draws_are_uniform() -> None:
    dice = Dice(1)
    counts = Counter(dice.between(-2, 3) for _ in range(6_000))
    assert sorted(counts) == [-2, -1, 0, 1, 2, 3]
    assert all(900 < count < 1_100 for count in counts.values())
    assert 2_800 < sum(dice.chance(3 * RATE_ONE // 10) for _ in range(10_000)) < 3_200
    assert not any(dice.chance(0) for _ in range(100))
    assert all(dice.chance(RATE_ONE) for _ in range(100))


def test_normal_draws_are_normal() -> None:
    dice = Dice(1)
    draws = [dice.normal() for _ in range(20_000)]
    assert abs(sum(draws)) < 20_000 * RATE_ONE // 50
    variance = sum(draw * draw for draw in draws) // len(draws)
    assert 98 * RATE_ONE**2 < 100 * variance < 102 * RATE_ONE**2
    within = sum(abs(draw) < RATE_ONE for draw in draws)
    assert 13_400 < within < 13_900  # 68.3 %
    assert max(abs(draw) for draw in draws) <= 6 * RATE_ONE
