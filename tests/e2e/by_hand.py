"""Bars, their paths and a long's two lines, by hand: plain arithmetic in exact fractions.

This is the other side of the comparison, so it takes nothing from the exchange: its own reader of
a bar file, its own walk through the bars (MARK-1), its own margin formulas solved for the price.
Prices are in USDT, quantities in coins.
"""

import csv
import gzip
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import NamedTuple

MINUTE_NS = 60 * 10**9
CALL_RATIO = Fraction(8, 10)
"""CALL-1: maintenance / equity at which a margin call is issued."""

MAX_STEP = Fraction(5, 10_000)
"""MARK-1: the longest step of a path, as a part of the price."""


class Bar(NamedTuple):
    minute_ns: int
    open: Fraction
    high: Fraction
    low: Fraction
    close: Fraction


def read_bars(path: Path) -> list[Bar]:
    """A file with a header line and its times in milliseconds."""
    with gzip.open(path, "rt", encoding="ascii", newline="") as file:
        return [
            Bar(
                int(row["open_time"]) * 10**6,
                Fraction(row["open"]),
                Fraction(row["high"]),
                Fraction(row["low"]),
                Fraction(row["close"]),
            )
            for row in csv.DictReader(file)
        ]


# -- MARK-1 --------------------------------------------------------------------------------------


class Leg(NamedTuple):
    """A straight way from one point of a path to the next, inside one minute."""

    minute_ns: int
    start: Fraction
    end: Fraction


def legs(bars: Iterable[Bar]) -> Iterator[Leg]:
    """Where the price goes, in order: an up bar visits its low first, a down bar its high.

    From one close the way leads to the next open, unless minutes are missing between them.
    """
    before: Bar | None = None
    for bar in bars:
        if before is not None and before.minute_ns + MINUTE_NS == bar.minute_ns:
            yield Leg(bar.minute_ns, before.close, bar.open)
        if bar.close >= bar.open:
            points = [bar.open, bar.low, bar.high, bar.close]
        else:
            points = [bar.open, bar.high, bar.low, bar.close]
        for start, end in pairwise(points):
            yield Leg(bar.minute_ns, start, end)
        before = bar


def first_leg_to(line: Fraction, bars: Iterable[Bar]) -> Leg | None:
    """The first leg on which the price is at or under a line."""
    for leg in legs(bars):
        if min(leg.start, leg.end) <= line:
            return leg
    return None


# -- MARG-7, CALL-1 ------------------------------------------------------------------------------


class Long(NamedTuple):
    """A long position alone in its unit, in a tier with a rate and a deduction `cum`."""

    quantity: Fraction
    entry_notional: Fraction
    wallet: Fraction
    """The balance that margins it."""
    maintenance_margin_rate: Fraction
    cum: Fraction = Fraction(0)

    def equity(self, mark: Fraction) -> Fraction:
        return self.wallet + self.quantity * mark - self.entry_notional

    def maintenance_margin(self, mark: Fraction) -> Fraction:
        return self.quantity * mark * self.maintenance_margin_rate - self.cum

    def call_margin(self, mark: Fraction) -> Fraction:
        return self.maintenance_margin(mark) / CALL_RATIO

    def liquidation_price(self) -> Fraction:
        """Equity = maintenance:  W + Q*P - EN  =  Q*P*MMR - cum

        so  Q*P * (1 - MMR)  =  EN - W - cum.
        """
        return (self.entry_notional - self.wallet - self.cum) / (
            self.quantity * (1 - self.maintenance_margin_rate)
        )

    def call_price(self) -> Fraction:
        """Equity = call margin:  W + Q*P - EN  =  (Q*P*MMR - cum) / 0.8

        so  Q*P * (1 - MMR / 0.8)  =  EN - W - cum / 0.8.
        """
        return (self.entry_notional - self.wallet - self.cum / CALL_RATIO) / (
            self.quantity * (1 - self.maintenance_margin_rate / CALL_RATIO)
        )


def up_to(step: Fraction, value: Fraction) -> Fraction:
    """The smallest multiple of a step that is not below the value."""
    return ceil(value / step) * step
