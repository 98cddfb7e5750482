"""Reading klines files: every layout that occurs, and errors that name file and line."""

import gzip
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core.model.units import NS_PER_MINUTE, NS_PER_SECOND
from simulator.market.feeds.klines import Bar, FeedError, Gap, read_klines
from tests.market.markets import START_NS, row, write_klines

START_MS = START_NS // 10**6
HEADER = "open_time,open,high,low,close,volume"
FULL_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)


def minutes(count: int) -> list[str]:
    return [row(START_MS + 60_000 * number) for number in range(count)]


def full_row(open_ms: int, step_ms: int = 60_000) -> str:
    return f"{open_ms},100,101,99,100.5,7.5,{open_ms + step_ms - 1},750,12,3,300,0"


def test_six_columns_with_a_header(tmp_path: Path) -> None:
    path = write_klines(tmp_path / "a.csv", [HEADER, *minutes(3)])
    file = read_klines(path, 2)
    assert file.path == path
    assert file.step_ns == NS_PER_MINUTE
    assert file.bars[1] == Bar(START_NS + NS_PER_MINUTE, 10_000, 10_100, 9_900, 10_050)
    report = file.report
    assert (report.rows, report.columns, report.has_header, report.time_unit) == (3, 6, True, "ms")
    assert report.first_open_time_ns == START_NS
    assert report.last_open_time_ns == START_NS + 2 * NS_PER_MINUTE
    assert report.gaps == ()
    assert report.duplicate_lines == report.out_of_order_lines == report.bad_ohlc_lines == ()


@pytest.mark.parametrize("header", [[], [FULL_HEADER], ["Open time,Open,High,Low,Close,Volume"]])
def test_twelve_columns_with_a_header_or_none(tmp_path: Path, header: list[str]) -> None:
    rows = [full_row(START_MS + 60_000 * number) for number in range(3)]
    file = read_klines(write_klines(tmp_path / "a.csv", [*header, *rows]), 2)
    assert file.report.columns == 12
    assert file.report.has_header == bool(header)
    assert [bar.open for bar in file.bars] == [10_000] * 3


def test_eight_columns(tmp_path: Path) -> None:
    rows = [each + ",750,12" for each in minutes(2)]
    assert read_klines(write_klines(tmp_path / "a.csv", rows), 2).report.columns == 8


@pytest.mark.parametrize(
    ("unit", "unit_ns"), [("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1)]
)
def test_the_time_unit_is_told_by_magnitude(tmp_path: Path, unit: str, unit_ns: int) -> None:
    times = [(START_NS + 60 * number * NS_PER_SECOND) // unit_ns for number in range(3)]
    file = read_klines(write_klines(tmp_path / "a.csv", [row(time) for time in times]), 2)
    assert file.report.time_unit == unit
    assert file.bars[2].open_time_ns == START_NS + 2 * NS_PER_MINUTE
    assert file.step_ns == NS_PER_MINUTE


@pytest.mark.parametrize("step_s", [1, 60, 300, 3_600, 86_400, 604_800])
def test_any_step(tmp_path: Path, step_s: int) -> None:
    rows = [row(START_MS + 1_000 * step_s * number) for number in range(4)]
    assert read_klines(write_klines(tmp_path / "a.csv", rows), 2).step_ns == step_s * NS_PER_SECOND


def test_one_bar_tells_its_step_by_its_close_time(tmp_path: Path) -> None:
    path = write_klines(tmp_path / "a.csv", [full_row(START_MS, 300_000)])
    assert read_klines(path, 2).step_ns == 5 * NS_PER_MINUTE


def test_gz_and_zip_read_like_csv(tmp_path: Path) -> None:
    plain = write_klines(tmp_path / "a.csv", minutes(3))
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(plain, "a.csv")
    expected = read_klines(plain, 2)
    for path in (packed, archive):
        found = read_klines(path, 2)
        assert (found.bars, found.report) == (expected.bars, expected.report)


def test_windows_line_ends_byte_order_mark_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([HEADER, *minutes(2), "", ""]).encode())
    assert read_klines(path, 2).report.rows == 2


# -- UNIT-1: text becomes integers ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("6740.36", 674_036),
        ("6740", 674_000),
        ("6740.36000000", 674_036),
        ("0.125", 12),  # ties to the even one
        ("0.135", 14),
        ("0.1250001", 13),
        ("0.005", None),  # rounds to nothing
        ("1.2e3", 120_000),
        ("12345e-2", 12_345),
    ],
)
def test_unit_1_prices_are_rounded_half_even(tmp_path: Path, text: str, price: int | None) -> None:
    rows = [row(START_MS + 60_000 * n, ",".join([text] * 4)) for n in range(2)]
    path = write_klines(tmp_path / "a.csv", rows)
    if price is None:
        with pytest.raises(FeedError, match=r"a\.csv:1: open 0\.005 is 0 at 2 price decimals"):
            read_klines(path, 2)
    else:
        assert read_klines(path, 2).bars[0] == Bar(START_NS, price, price, price, price)


@given(price=st.integers(1, 10**15), decimals=st.integers(0, 10))
def test_unit_1_a_price_that_fits_is_exact(
    tmp_path_factory: pytest.TempPathFactory, price: int, decimals: int
) -> None:
    digits = str(price).rjust(decimals + 1, "0")
    text = digits if decimals == 0 else f"{digits[:-decimals]}.{digits[-decimals:]}"
    rows = [row(START_MS + 60_000 * n, ",".join([text] * 4)) for n in range(2)]
    path = write_klines(tmp_path_factory.mktemp("klines") / "a.csv", rows)
    assert read_klines(path, decimals).bars[0].close == price


# -- what is reported and left as it is ----------------------------------------------------------


def test_gaps_are_reported_with_their_length(tmp_path: Path) -> None:
    rows = [row(START_MS + 60_000 * number) for number in (0, 1, 2, 6, 7, 9)]
    report = read_klines(write_klines(tmp_path / "a.csv", rows), 2).report
    assert report.rows == 6
    assert report.gaps == (
        Gap(START_NS + 3 * NS_PER_MINUTE, 3),
        Gap(START_NS + 8 * NS_PER_MINUTE, 1),
    )


def test_duplicates_disorder_and_impossible_bars_are_reported_by_line(tmp_path: Path) -> None:
    rows = [
        HEADER,
        *(row(START_MS + 60_000 * number) for number in (0, 1, 1, 3, 2)),
        row(START_MS + 60_000 * 4, "100,100.2,99,100.5"),
        row(START_MS + 60_000 * 5, "100,101,100.1,100.5"),
    ]
    file = read_klines(write_klines(tmp_path / "a.csv", rows), 2)
    assert len(file.bars) == 7
    assert file.bars[4].open_time_ns == START_NS + 2 * NS_PER_MINUTE
    assert file.report.duplicate_lines == (4,)
    assert file.report.out_of_order_lines == (6,)
    assert file.report.bad_ohlc_lines == (7, 8)
    assert file.report.gaps == ()


# -- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], r"a\.csv: has no bars"),
        ([HEADER], r"a\.csv: has no bars"),
        (["timestamp,date,symbol,open,high", *minutes(2)], r"a\.csv:1: column 2 is 'date'"),
        (["https://example.org/data.csv", *minutes(2)], r"a\.csv:1: column 1 is 'https:"),
        ([HEADER, "1,2,3"], r"a\.csv:2: has 3 columns; klines files have 6, 8 or 12"),
        ([*minutes(2), row(START_MS + 120_000) + ",1"], r"a\.csv:3: has 7 columns; .* have 6"),
        ([row("1.61888E+12")], r"a\.csv:1: open_time '1\.61888E\+12' is no time"),
        ([row(12)], r"a\.csv:1: open_time '12' is no time"),
        ([row(10**19 - 1)], r"a\.csv:1: open_time '9{19}' is no time"),
        (
            [row(START_MS), row(START_MS // 1000 + 60)],
            r"a\.csv:2: open_time 1700000100 is in s; the file's first row is in ms",
        ),
        (
            [*minutes(2), row(START_MS + 120_000, "100,101,NULL,100")],
            r"a\.csv:3: low 'NULL' is no price",
        ),
        ([row(START_MS, "100,101,-99,100")], r"a\.csv:1: low '-99' is no price"),
        ([row(START_MS, "100,nan,99,100")], r"a\.csv:1: high 'nan' is no price"),
        ([row(START_MS, "0,101,0,100")], r"a\.csv:1: open 0 is 0 at 2 price decimals; more than 0"),
        ([row(START_MS, "1e30,1e30,1,1")], r"a\.csv:1: open 1e30 is .*less than 2\^62"),
        ([row(START_MS)], r"a\.csv:1: one bar does not tell the step"),
        (
            [*minutes(3), row(START_MS + 210_000)],
            r"a\.csv:4: opens 90 s after the bar before it; a multiple of the file's step of 60 s",
        ),
    ],
)
def test_unreadable_files_are_refused_with_file_and_line(
    tmp_path: Path, rows: list[str], problem: str
) -> None:
    with pytest.raises(FeedError, match=problem):
        read_klines(write_klines(tmp_path / "a.csv", rows), 2)


def test_files_that_are_no_klines_files_are_refused(tmp_path: Path) -> None:
    def refuse(name: str, content: bytes, problem: str) -> None:
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(FeedError, match=problem) as caught:
            read_klines(path, 2)
        assert caught.value.path == path

    refuse("a.parquet", b"PAR1", r"is no klines file by its name; \.csv")
    refuse("a.csv", b"\xff\xfe\x00", "is no UTF-8 text")
    refuse("a.csv.gz", b"no gzip", "cannot be read")
    refuse("b.csv.gz", gzip.compress(b"1,2,3")[:-9], "cannot be read")
    refuse("a.zip", b"no zip", "cannot be read")
    with pytest.raises(FeedError, match="there is no such file"):
        read_klines(tmp_path / "none.csv", 2)


@pytest.mark.parametrize("names", [[], ["a.csv", "b.csv"], ["a.txt"]])
def test_a_zip_holds_exactly_one_csv(tmp_path: Path, names: list[str]) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for name in names:
            file.writestr(name, "\n".join(minutes(2)))
    with pytest.raises(FeedError, match=r"exactly one \.csv would be right"):
        read_klines(tmp_path / "a.zip", 2)
