"""A world's file: the practice world is sound, and each mistake is named with its line."""

from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from simulator.config.exchange import ExchangeConfig
from simulator.config.file import ConfigError, parse_duration
from simulator.config.world import WorldConfig, load_world
from simulator.core.exchange import Exchange
from simulator.core.model.commands import ReplaceQuotes
from simulator.core.model.enums import MarkMethod, Side
from simulator.core.model.units import NS_PER_HOUR
from simulator.market.bots.market_maker import MarketMaker
from simulator.scenarios.cast import account_at
from simulator.scenarios.practice import genesis, synthetic_feed

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


def test_the_spot_instruments_of_the_practice_world_have_the_index_of_their_perpetuals(
    practice: WorldConfig,
) -> None:
    """What the file says of all its perpetuals, median marks and funding, is not said of them."""
    known = {each.listed.terms.symbol: each for each in practice.instruments}
    for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT"):
        spot, perpetual = known[symbol], known[f"{symbol}-PERP"]
        assert spot.synthetic.follows == perpetual.listed.terms.instrument_id
        assert spot.synthetic.start_price == perpetual.synthetic.start_price
        assert spot.maker.spread_rate == perpetual.maker.spread_rate
        assert spot.listed.terms.mark_method is MarkMethod.INDEX
        assert spot.listed.terms.funding_interval_ns is None
        assert perpetual.listed.terms.mark_method is MarkMethod.MEDIAN
        assert perpetual.listed.terms.funding_interval_ns == 8 * NS_PER_HOUR


def _with_decimals(exchange: ExchangeConfig, symbol: str, decimals: int) -> ExchangeConfig:
    """The exchange with prices of an instrument in other units."""
    listed = exchange.instruments[symbol]
    terms = msgspec.structs.replace(listed.terms, price_decimals=decimals)
    return exchange._replace(
        instruments={**exchange.instruments, symbol: listed._replace(terms=terms)}
    )


def test_a_shared_index_is_in_the_price_units_of_each_instrument(
    directory: Path, shipped: ExchangeConfig
) -> None:
    finer = _with_decimals(shipped, "BTCUSDT", 3)
    spot = load_world(directory, "practice", finer).instruments[5]
    assert (spot.listed.terms.symbol, spot.synthetic.start_price) == ("BTCUSDT", 60_000_000)
    coarser = _with_decimals(shipped, "BTCUSDT", 0)
    spot = load_world(directory, "practice", coarser).instruments[5]
    assert spot.synthetic.start_price == 60_000
    path = directory / "worlds" / "practice.toml"
    text = path.read_text(encoding="utf-8").replace('start_price = "60000"', 'start_price = "7.5"')
    path.write_text(text, encoding="utf-8")
    line = text.count("\n", 0, text.index('index_of = "BTCUSDT-PERP"')) + 1
    with pytest.raises(ConfigError) as caught:
        load_world(directory, "practice", coarser)
    assert str(caught.value) == (
        f'config/worlds/practice.toml:{line}: index_of "BTCUSDT-PERP": its start_price 7.5 has '
        "more than the 0 decimals of BTCUSDT"
    )


def test_every_maker_of_the_practice_world_can_quote(
    shipped: ExchangeConfig, practice: WorldConfig
) -> None:
    """At the starting prices each maker's quotes are accepted in full, both sides at once."""
    exchange = Exchange()
    for command in genesis(practice, shipped):
        exchange.execute(0, command)
    exchange.execute(0, synthetic_feed(practice).current())
    for place, each in enumerate(practice.instruments):
        maker = MarketMaker(account_at(place), each.listed.terms, each.maker)
        for command in maker.wake(0, exchange.state):
            assert isinstance(command, ReplaceQuotes)
            exchange.execute(0, command)
        book = exchange.state.books[each.listed.terms.instrument_id]
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
    (
        '[[instrument]]\nsymbol = "ETHUSDT-PERP"\nstart_price = "3000"\n',
        '[[instrument]]\nsymbol = "ETHUSDT-PERP"\n',
        "start_price of ETHUSDT-PERP is missing, or its index_of",
    ),
    (
        'index_of = "BTCUSDT-PERP"', 'start_price = "60000"\nindex_of = "BTCUSDT-PERP"',
        "start_price is that of BTCUSDT-PERP, as index_of says",
    ),
    (
        'index_of = "BTCUSDT-PERP"', 'volatility_scale = "1"\nindex_of = "BTCUSDT-PERP"',
        "volatility_scale is that of BTCUSDT-PERP, as index_of says",
    ),
    (
        'index_of = "BTCUSDT-PERP"', 'correlation = "1"\nindex_of = "BTCUSDT-PERP"',
        "correlation is that of BTCUSDT-PERP, as index_of says",
    ),
    (
        'index_of = "BTCUSDT-PERP"', 'index_of = "ETHUSDT"',
        'index_of "ETHUSDT" should be an instrument that stands before it here: BTCUSDT-PERP, ',
    ),
    (
        'index_of = "ETHUSDT-PERP"', 'index_of = "BTCUSDT"',
        'index_of "BTCUSDT" has an index_of itself: name the instrument that it follows',
    ),
    (
        'index_of = "ETHUSDT-PERP"', 'index_of = "SOLUSDT-PERP"',
        'index_of "SOLUSDT-PERP" is a price of SOL, not of ETH',
    ),
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


def test_a_stock_that_no_wallet_could_hold_is_refused(
    directory: Path, shipped: ExchangeConfig
) -> None:
    """A position of 50 billion DOGE could be; on spot they would be a deposit."""
    path = directory / "worlds" / "practice.toml"
    above, spot = path.read_text(encoding="utf-8").split('symbol = "DOGEUSDT"\n')
    text = f'{above}symbol = "DOGEUSDT"\n{spot.replace("5000000", "50000000000")}'
    path.write_text(text, encoding="utf-8")
    line = text.count("\n", 0, text.index("50000000000")) + 1
    with pytest.raises(ConfigError) as caught:
        load_world(directory, "practice", shipped)
    assert str(caught.value) == (
        f"config/worlds/practice.toml:{line}: max_inventory should be 0 or more, below 2^62 units"
    )


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
