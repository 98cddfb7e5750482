"""A world's file: the practice world is sound, and each mistake is named with its line."""

from fractions import Fraction
from pathlib import Path

import pytest

from simulator.config.exchange import ExchangeConfig
from simulator.config.file import ConfigError, parse_duration
from simulator.config.world import WorldConfig, load_world
from simulator.core.exchange import Exchange
from simulator.core.model.accounts import FIRST_TRADER_ACCOUNT, FIRST_WALLET
from simulator.core.model.commands import Deposit, OpenAccount, ReplaceQuotes, SetMarginMode
from simulator.core.model.enums import MarginMode, Side
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.market.bots.market_maker import MarketMaker
from simulator.market.feeds.synthetic import SyntheticFeed

CONFIG = Path(__file__).parents[2] / "config"
USDT = 10**8


@pytest.fixture(scope="module")
def practice(shipped: ExchangeConfig) -> WorldConfig:
    return load_world(CONFIG, "practice", shipped)


def test_the_practice_world_is_read(practice: WorldConfig) -> None:
    assert (practice.name, practice.speed) == ("practice", Fraction(1))
    assert practice.guest_endowment == 10_000 * USDT
    assert practice.fund_deposit == 1_000_000 * USDT
    assert practice.synthetic.interval_ns == 10**9
    assert practice.synthetic.shock.jump_interval_ns == 180 * 10**9
    btc = practice.instruments[0]
    assert btc.listed.terms.symbol == "BTCUSDT-PERP"
    assert btc.synthetic.start_price == 60_000_00
    assert btc.maker.level_quantity == 1_000
    assert btc.maker.spread_rate == 2 * 10**8
    assert btc.noise.max_inventory == 400


def test_every_maker_of_the_practice_world_can_quote(
    shipped: ExchangeConfig, practice: WorldConfig
) -> None:
    """At the starting prices each maker's quotes are accepted in full, both sides at once."""
    exchange = Exchange()
    symbols = [each.listed.terms.symbol for each in practice.instruments]
    for command in shipped.genesis(symbols, practice.fund_deposit):
        exchange.execute(0, command)
    feed = SyntheticFeed(
        practice.seed, [each.synthetic for each in practice.instruments], practice.synthetic
    )
    exchange.execute(0, feed.current())
    for number, each in enumerate(practice.instruments):
        account_id = FIRST_TRADER_ACCOUNT + number
        instrument_id = each.listed.terms.instrument_id
        exchange.execute(0, OpenAccount())
        cross = FIRST_WALLET + 2 * number + 1
        exchange.execute(0, Deposit(cross, VALUATION_ASSET, practice.maker_deposit))
        exchange.execute(0, SetMarginMode(account_id, instrument_id, MarginMode.CROSS))
        for command in MarketMaker(account_id, each.listed.terms, each.maker).wake(
            0, exchange.state
        ):
            assert isinstance(command, ReplaceQuotes)
            exchange.execute(0, command)
        book = exchange.state.books[instrument_id]
        for side in (Side.BUY, Side.SELL):
            levels = list(book.own_side(side).levels_from_best())
            assert [level.quantity for level in levels] == (
                [each.maker.level_quantity] * each.maker.levels
            )


MISTAKES = [
    # old text, new text, what the message must say
    (
        'symbol = "SOLUSDT-PERP"', 'symbol = "SOLUSD-PERP"',
        'symbol "SOLUSD-PERP" is not in instruments.toml: BTCUSDT-PERP, ETHUSDT-PERP, ',
    ),
    (
        'symbol = "SOLUSDT-PERP"', 'symbol = "BTCUSDT-PERP"',
        'symbol "BTCUSDT-PERP" is there already',
    ),
    ('start_price = "60000"', 'start_price = "60000.001"', "has more than 2 decimals"),
    ('start_price = "60000"', 'start_price = "0"', "start_price should be above 0"),
    ('speed = "1" ', 'speed = "0.1" ', 'speed "0.1" should be "0.25" to "10000"'),
    ('name = "practice"', 'name = "Practice"', 'name "Practice" should be the file\'s'),
    ('guest_endowment = "10000"', 'guest_endowment = "-1"', "guest_endowment should be 0 or"),
    ("history_minute_days = 14", "history_minute_days = 400", "at most history_days, 365"),
    ("noise_traders = 2", "noise_traders = -2", "noise_traders: expected"),
    ('correlation = "0.8"', 'correlation = "1.5"', "correlation should be -1 to 1"),
    ('volatility_scale = "1.2"', 'volatility_scale = "-1"', "volatility_scale should be 0"),
    (
        'level_quantity = "1"', 'level_quantity = "0.0001"',
        '"0.0001" has more than 3 decimals',
    ),
    (
        'level_quantity = "1"', 'level_quantity = "5000"',
        "should be a multiple of the lot of BTCUSDT-PERP, 0.001, and at most 1000",
    ),
    (
        'max_inventory = "60"', 'max_inventory = "0.5"',
        "max_inventory: it should be one level_quantity or more",
    ),
    ('spread = "0.0002"', 'spread = "0"', "spread: it should be above 0 and below 1"),
    ("levels = 12", "levels = 0", "levels: it should be positive"),
    (
        'max_quantity = "0.05"', 'max_quantity = "500"',
        'max_quantity "500" should be 0.001 to 120, what BTCUSDT-PERP allows',
    ),
    ('jump_interval = "3m"', 'jump_interval = "3"', '"3" is no duration like "500ms"'),
    ('mean_dwell = "4h"', 'mean_dwell = "4s"', "mean_dwell: it should be a minute or more"),
    ('annual_volatility = "2.00"', 'annual_volatility = "-2"', "annual_volatility: it should"),
    ('jump = "0.002"', 'jmp = "0.002"', "jmp is no key here; did you mean jump?"),
    ('jump = "0.002"', 'zzz = "0.002"', "zzz is no key here; known are "),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem"), MISTAKES)
def test_a_mistake_is_named_with_file_and_line(
    directory: Path, shipped: ExchangeConfig, old: str, new: str, problem: str
) -> None:
    path = directory / "worlds" / "practice.toml"
    text = path.read_text(encoding="utf-8")
    line = text.count("\n", 0, text.index(old)) + 1
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_world(directory, "practice", shipped)
    assert str(caught.value).startswith(f"config/worlds/practice.toml:{line}: ")
    assert problem in caught.value.problem


def test_a_world_without_a_file_is_named(directory: Path, shipped: ExchangeConfig) -> None:
    with pytest.raises(ConfigError, match=r"^config/worlds/other\.toml: there is no such file$"):
        load_world(directory, "other", shipped)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("500ms", 5 * 10**8), ("60s", 60 * 10**9), ("5m", 300 * 10**9), ("24h", 86_400 * 10**9),
     ("7d", 7 * 86_400 * 10**9)],
)  # fmt: skip
def test_a_duration_is_read(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "5", "0s", "1.5h", "-1s", "1 h", "1w", "9999999999d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration like"):
        parse_duration(text)
