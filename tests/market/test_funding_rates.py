"""FND-1: recorded funding rates, read exactly, and given before their stamps."""

import gzip
from pathlib import Path

import pytest

from simulator.core.exchange import Exchange
from simulator.core.model.commands import SetFundingRates
from simulator.core.model.units import NS_PER_HOUR
from simulator.market.feeds.funding_rates import (
    RecordedFunding,
    RecordedRate,
    read_funding_rates,
)
from simulator.market.feeds.klines import FeedError

EIGHT_HOURS = 8 * NS_PER_HOUR
STAMP_MS = 1_758_240_000_000
STAMP = STAMP_MS * 10**6
HEADER = "funding_time,funding_rate"


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([*lines, ""]), encoding="ascii")
    return path


def test_rates_are_exact_and_stamps_are_on_their_grid(tmp_path: Path) -> None:
    """A venue writes -2.31e-6, and is some milliseconds late."""
    path = written(
        tmp_path / "a.csv",
        HEADER,
        f"{STAMP_MS},-2.31e-6",
        f"{STAMP_MS + 8 * 3_600_000 + 5},0.00002109",
        "",
        f"{STAMP_MS + 16 * 3_600_000 - 3},0.0001",
    )
    assert read_funding_rates(path, EIGHT_HOURS) == (
        RecordedRate(STAMP, -2_310_000),
        RecordedRate(STAMP + EIGHT_HOURS, 21_090_000),
        RecordedRate(STAMP + 2 * EIGHT_HOURS, 100_000_000),
    )
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_funding_rates(packed, EIGHT_HOURS) == read_funding_rates(path, EIGHT_HOURS)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["time,rate"], r"a\.csv:1: begins \['time', 'rate'\]; funding_time,funding_rate would"),
        ([HEADER, f"{STAMP_MS}"], r"a\.csv:2: has 1 columns; two are needed"),
        ([HEADER, "yesterday,0.0001"], r"a\.csv:2: funding_time 'yesterday' is no time"),
        ([HEADER, f"{STAMP_MS},1%"], r"a\.csv:2: funding_rate '1%' is no rate"),
        ([HEADER, f"{STAMP_MS},1.5"], r"a\.csv:2: funding_rate '1.5' is no rate"),
        (
            [HEADER, f"{STAMP_MS},0.0001", f"{STAMP_MS + 2},0.0001"],
            r"a\.csv:3: is not later than the line before it",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(
    tmp_path: Path, lines: list[str], told: str
) -> None:
    with pytest.raises(FeedError, match=told):
        read_funding_rates(written(tmp_path / "a.csv", *lines), EIGHT_HOURS)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"a\.csv: cannot be read: .*No such file"):
        read_funding_rates(tmp_path / "a.csv", EIGHT_HOURS)


def test_each_rate_comes_when_the_stamp_before_it_has_passed() -> None:
    state = Exchange().state
    rates = {
        1: [RecordedRate(STAMP + number * EIGHT_HOURS, number) for number in range(4)],
        2: [RecordedRate(STAMP + 2 * EIGHT_HOURS, 7)],
    }
    begin = STAMP + NS_PER_HOUR
    agent = RecordedFunding(rates, {1: EIGHT_HOURS, 2: EIGHT_HOURS}, begin)
    assert agent.next_wake_ns == begin, "the rate of the stamp at hand"
    assert agent.wake(begin, state) == [SetFundingRates(((1, 1),))]
    assert agent.next_wake_ns == STAMP + EIGHT_HOURS
    later = agent.wake(STAMP + EIGHT_HOURS, state)
    assert later == [SetFundingRates(((1, 2), (2, 7)))]
    assert agent.wake(STAMP + 2 * EIGHT_HOURS, state) == [SetFundingRates(((1, 3),))]
    assert agent.next_wake_ns is None
