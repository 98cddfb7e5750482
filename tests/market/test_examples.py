"""The files in `examples/` are what their generator makes, and what the tour says of them."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from simulator.core.model.units import NS_PER_MINUTE
from simulator.market.feeds.klines import read_klines
from simulator.market.feeds.paths import replay_commands

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_examples", EXAMPLES / "make_examples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_examples_come_out_the_same_byte_for_byte(generator: ModuleType) -> None:
    for example in generator.EXAMPLES:
        text = "".join(line + "\n" for line in generator.lines(example))
        assert (EXAMPLES / example.name).read_bytes() == text.encode("ascii")


def test_no_example_is_without_its_generator(generator: ModuleType) -> None:
    files = {path.name for path in EXAMPLES.glob("*.csv")}
    assert files == {example.name for example in generator.EXAMPLES}


def test_the_flash_crash_falls_a_quarter_in_20_minutes_and_recovers_half() -> None:
    file = read_klines(EXAMPLES / "flash_crash_1m.csv", 2)
    report = file.report
    assert (report.rows, report.columns, report.has_header) == (180, 12, True)
    assert file.step_ns == NS_PER_MINUTE
    assert report.gaps == ()
    assert report.bad_ohlc_lines == ()
    calm, crash, after = file.bars[:60], file.bars[60:80], file.bars[80:]
    assert min(bar.low for bar in calm) > 59_500_00
    assert max(bar.high for bar in calm) < 60_500_00
    assert calm[-1].close == 59_700_00
    assert min(bar.low for bar in file.bars) == crash[-1].close == 44_800_00
    assert after[-1].close == 53_400_00


def test_the_calm_day_is_a_day_and_calm() -> None:
    file = read_klines(EXAMPLES / "calm_day_1m.csv", 2)
    assert (file.report.rows, file.report.has_header) == (1_440, False)
    assert file.report.gaps == ()
    assert min(bar.low for bar in file.bars) > 59_000_00
    assert max(bar.high for bar in file.bars) < 61_000_00
    assert max(bar.high - bar.low for bar in file.bars) < 150_00


def test_mark_1_the_examples_can_be_replayed() -> None:
    file = read_klines(EXAMPLES / "flash_crash_1m.csv", 2)
    moments = list(replay_commands({1: [file]}))
    assert 1_500 < len(moments) < 4_000
    assert min(command.prices[0][1] for _, command in moments) == 44_800_00
    assert moments[-1][1].prices == ((1, 53_400_00),)
