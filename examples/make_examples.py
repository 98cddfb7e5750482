"""Makes the example files of this folder: `python examples/make_examples.py`.

They are invented, in the layout of Binance's public klines, and come out the same, byte for byte,
on any machine: prices follow a few anchors, with seeded noise between them. One file has a header
line and one has none, because real files are of both kinds.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from simulator.core.model.units import RATE_ONE, divide_half_even
from simulator.decimal_text import format_decimal
from simulator.market.dice import Dice

FOLDER: Final = Path(__file__).parent
PRICE_DECIMALS: Final = 2
VOLUME_DECIMALS: Final = 3
MINUTE_MS: Final = 60_000
STEPS_PER_MINUTE: Final = 6
HEADER: Final = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)


class Anchor(NamedTuple):
    """Where the price is at the end of a minute, and how it gets there."""

    minute: int
    price: int
    """In hundredths."""
    noise_rate: int
    """Standard deviation of one step of the noise on the way here, in 1e-12."""
    volume: int
    """Mean of a minute on the way here, in thousandths."""


class Example(NamedTuple):
    name: str
    seed: int
    start_ms: int
    has_header: bool
    anchors: tuple[Anchor, ...]
    """The first one is the opening price, at minute 0."""


def _noise(millionths: int) -> int:
    return millionths * RATE_ONE // 1_000_000


FLASH_CRASH: Final = Example(
    name="flash_crash_1m.csv",
    seed=20,
    start_ms=1_767_787_200_000,  # 2026-01-07 12:00 UTC
    has_header=True,
    anchors=(
        Anchor(0, 60_000_00, _noise(150), 30_000),
        Anchor(40, 60_150_00, _noise(150), 30_000),
        Anchor(60, 59_700_00, _noise(250), 60_000),
        Anchor(66, 57_600_00, _noise(1_500), 400_000),
        Anchor(70, 54_900_00, _noise(2_500), 900_000),
        Anchor(73, 55_800_00, _noise(2_500), 700_000),
        Anchor(78, 46_900_00, _noise(3_500), 1_800_000),
        Anchor(80, 44_800_00, _noise(3_000), 2_400_000),
        Anchor(84, 49_300_00, _noise(3_000), 1_500_000),
        Anchor(95, 51_600_00, _noise(1_500), 600_000),
        Anchor(120, 52_900_00, _noise(700), 200_000),
        Anchor(180, 53_400_00, _noise(400), 100_000),
    ),
)
"""Three hours: an hour of calm, a fall of a quarter in 20 minutes, and half of the way back."""

CALM_DAY: Final = Example(
    name="calm_day_1m.csv",
    seed=21,
    start_ms=1_767_744_000_000,  # 2026-01-07 00:00 UTC
    has_header=False,
    anchors=(
        Anchor(0, 60_000_00, _noise(150), 20_000),
        Anchor(300, 60_380_00, _noise(150), 20_000),
        Anchor(620, 59_810_00, _noise(160), 25_000),
        Anchor(900, 60_240_00, _noise(200), 40_000),
        Anchor(1_180, 60_520_00, _noise(180), 30_000),
        Anchor(1_440, 60_210_00, _noise(150), 20_000),
    ),
)
"""A day of 1,440 minutes in which nothing happens."""

EXAMPLES: Final = (FLASH_CRASH, CALM_DAY)


def lines(example: Example) -> Iterator[str]:
    """The lines of a file, one bar after another."""
    if example.has_header:
        yield HEADER
    dice = Dice(example.seed)
    prices = list(_prices(example.anchors, dice))
    for minute in range(example.anchors[-1].minute):
        path = prices[minute * STEPS_PER_MINUTE : (minute + 1) * STEPS_PER_MINUTE + 1]
        leg = next(anchor for anchor in example.anchors if anchor.minute > minute)
        yield _line(example.start_ms + minute * MINUTE_MS, path, leg.volume, dice)


def _prices(anchors: Sequence[Anchor], dice: Dice) -> Iterator[int]:
    """The opening price and the price after each step: straight lines plus noise that ends at 0."""
    yield anchors[0].price
    for start, end in pairwise(anchors):
        steps = (end.minute - start.minute) * STEPS_PER_MINUTE
        noise = [0]
        for _ in range(steps):
            noise.append(noise[-1] + end.noise_rate * dice.normal() // RATE_ONE)
        for step in range(1, steps + 1):
            straight = start.price + divide_half_even((end.price - start.price) * step, steps)
            # taking the last value out in proportion makes it a bridge between the anchors
            rate = noise[step] - divide_half_even(noise[-1] * step, steps)
            yield straight + divide_half_even(straight * rate, RATE_ONE)


def _line(open_ms: int, path: Sequence[int], mean_volume: int, dice: Dice) -> str:
    volume = dice.between(mean_volume // 2, mean_volume * 3 // 2)
    taker_volume = volume * dice.between(35, 65) // 100
    mean_price = divide_half_even(sum(path), len(path))
    decimals = PRICE_DECIMALS + VOLUME_DECIMALS
    fields = (
        str(open_ms),
        *(_fixed(price) for price in (path[0], max(path), min(path), path[-1])),
        format_decimal(volume, VOLUME_DECIMALS),
        str(open_ms + MINUTE_MS - 1),
        format_decimal(volume * mean_price, decimals),
        str(dice.between(volume // 40, volume // 20)),
        format_decimal(taker_volume, VOLUME_DECIMALS),
        format_decimal(taker_volume * mean_price, decimals),
        "0",
    )
    return ",".join(fields)


def _fixed(price: int) -> str:
    """A price with both of its decimals, as the venue writes them."""
    return f"{price // 100}.{price % 100:02}"


def main() -> None:
    for example in EXAMPLES:
        text = "".join(line + "\n" for line in lines(example))
        (FOLDER / example.name).write_text(text, encoding="ascii", newline="\n")


if __name__ == "__main__":
    main()
