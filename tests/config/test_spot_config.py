"""The configuration of spot: what ships is sound, and each mistake is named with its line."""

from pathlib import Path

import pytest

from simulator.config.exchange import ExchangeConfig, load_exchange
from simulator.config.file import ConfigError
from simulator.core.exchange import Exchange
from simulator.core.model.accounts import LENDING_POOL
from simulator.core.model.commands import FundLendingPool
from simulator.core.model.events import CommandRejected
from simulator.core.model.margin_levels import isolated_leverage

SPOT = """
[[instrument]]
id = 900
symbol = "XRPUSDT"
kind = "spot"
base = "XRP"
quote = "USDT"
price_decimals = 2
quantity_decimals = 5
tick_size = "0.01"
lot_size = "0.00001"
min_quantity = "0.00001"
max_quantity = "100"
max_market_quantity = "50"
min_notional = "5"
mark_method = "index"
funding_interval = "never"
default_leverage = 5
"""
RIPPLE = """
[[asset]]
id = 90
code = "XRP"
decimals = 8
haircut = "0.05"
borrow_rate = "0.00024"
borrow_cap = "50"
lending_pool = "1000"
"""


def add(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_a_spot_instrument_and_what_may_be_lent_of_its_asset(directory: Path) -> None:
    """MARG-1, BOR-2, BOR-3, UNIT-4: and the exchange takes the genesis as it is."""
    add(directory / "assets.toml", RIPPLE)
    add(directory / "instruments.toml", SPOT)
    config = load_exchange(directory)
    ripple = config.assets[-1]
    assert (ripple.haircut_rate, ripple.borrow_rate) == (5 * 10**10, 240_000_000)
    assert ripple.account_borrow_cap == 50 * 10**8
    assert config.pools[-1] == (90, 1_000 * 10**8)
    exchange = Exchange()
    for command in config.genesis(["XRPUSDT"], 0):
        events = exchange.execute(1, command)
        assert not isinstance(events[0], CommandRejected)
    assert list(exchange.state.assets) == [1, 90]
    assert exchange.state.spot_records[90].terms.base_multiplier == 1_000
    assert exchange.state.ledger.balance(LENDING_POOL, 90) == 1_000 * 10**8


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('base = "XRP"', 'base = "ADA"', "symbol"),
        ("default_leverage = 5", "default_leverage = 4", "default_leverage"),
        ('mark_method = "index"', 'mark_method = "median"', "mark_method"),
        ('funding_interval = "never"', 'funding_interval = "8h"', "funding_interval"),
    ],
)
def test_what_a_spot_instrument_must_not_be_is_named(
    directory: Path, old: str, new: str, message: str
) -> None:
    add(directory / "assets.toml", RIPPLE)
    add(directory / "instruments.toml", SPOT.replace(old, new))
    with pytest.raises(ConfigError, match=message):
        load_exchange(directory)


def test_the_valuation_asset_has_no_haircut(directory: Path) -> None:
    path = directory / "assets.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("id = 1\n", 'id = 1\nhaircut = "0.01"\n'), encoding="utf-8")
    with pytest.raises(ConfigError, match="haircut"):
        load_exchange(directory)


# -- what ships ----------------------------------------------------------------------------------


def test_what_ships_lists_spot_beside_the_perpetuals(shipped: ExchangeConfig) -> None:
    """UNIT-4: base and index have the decimals of the perpetual, so one price moves both."""
    for base in ("BTC", "ETH", "SOL", "DOGE"):
        spot, perpetual = (
            shipped.instruments[symbol].terms for symbol in (f"{base}USDT", f"{base}USDT-PERP")
        )
        asset = next(each for each in shipped.assets if each.code == base)
        assert spot.base_asset_id == asset.asset_id
        assert spot.price_decimals == perpetual.price_decimals
        assert spot.funding_interval_ns is None
        assert 0 < asset.haircut_rate < 2 * 10**11
        assert asset.account_borrow_cap is not None
        assert 0 < asset.account_borrow_cap < dict(shipped.pools)[asset.asset_id]


def test_bor_5_what_is_owed_lowers_the_leverage_of_a_pair(shipped: ExchangeConfig) -> None:
    """BOR-5: by hand, 1.1264 / 0.1264 = 8.911, and half of the leverage above that."""
    tiers = shipped.instruments["BTCUSDT"].terms.margin_tiers
    owed = [(10, 0), (0, 600_000), (11, 0), (0, 600_001), (10, 1_200_001), (41, 0)]
    found = [isolated_leverage(tiers, base * 10**8, quote * 10**8, 10) for base, quote in owed]
    assert found == [1_000, 1_000, 891, 891, 500, 300]


def test_a_world_without_spot_lends_nothing(shipped: ExchangeConfig) -> None:
    """BOR-2: pools are filled for what the instruments of the world trade."""
    perpetual = shipped.genesis(["BTCUSDT-PERP"], 0)
    assert not any(isinstance(each, FundLendingPool) for each in perpetual)
    spot = [each for each in shipped.genesis(["BTCUSDT"], 0) if isinstance(each, FundLendingPool)]
    assert [each.asset_id for each in spot] == [1, 2]


TABLE = "margin_tiers/btc.toml"
SOUND = 'base = "10", quote = "600000", '


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (TABLE, SOUND, 'base = "10", ', "base and quote belong in every row but the last"),
        (TABLE, '{ initial_level = "1.5" }', '{ base = "99", initial_level = "1.5" }',
            "base and quote belong in every row but the last"),
        (TABLE, '"1.1264"', '"1.11"', "should rise from row to row"),
        (TABLE, 'base = "20"', 'base = "10"', "should rise from row to row"),
        (TABLE, '"1.111" ', '"1" ', "should rise from row to row"),
        (TABLE, 'base = "10"', 'base = "-10"', "base should be above 0"),
        (TABLE, 'base = "10"', 'base = "0.000000001"', "has more than 8 decimals"),
        ("instruments.toml", 'margin_tiers = "btc"', 'margin_tiers = "bitcoin"',
            'margin_tiers "bitcoin" of BTCUSDT should name a file in margin_tiers/'),
        ("instruments.toml", 'margin_tiers = "btc"', 'risk_tiers = "btc"',
            'risk_tiers "btc" of BTCUSDT belongs to perpetuals'),
        ("instruments.toml", 'risk_tiers = "btc"', 'risk_tiers = "btc"\nmargin_tiers = "btc"',
            'margin_tiers "btc" of BTCUSDT-PERP belongs to spot instruments'),
        ("exchange.toml", 'call = "1.3"', 'call = "1.1"', "cross_levels should have leverages"),
        ("exchange.toml", 'call = "1.16"', 'call = "1.25"', "cross_levels should have leverages"),
        ("exchange.toml", "leverage = 10", "leverage = 5", "isolated_levels should have leverages"),
        ("exchange.toml", "leverage = 3, call = \"1.22\"", "leverage = 4, call = \"1.22\"",
            "default_leverage 3 of BTCUSDT should be one of (4, 5, 10)"),
        ("exchange.toml", 'transfer_level = "2"', 'transfer_level = "0.9"',
            "transfer_level should be 1 or more"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(directory: Path, file: str, old: str, new: str, message: str) -> None:
    path = directory / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_exchange(directory)
    assert str(caught.value).startswith("config/")
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["cross_levels", "isolated_levels"])
def test_bor_5_a_product_is_needed(directory: Path, name: str) -> None:
    path = directory / "exchange.toml"
    head, _, rest = path.read_text(encoding="utf-8").partition(f"{name} = [")
    path.write_text(f"{head}{name} = []{rest.partition(chr(10) + ']')[2]}", encoding="utf-8")
    with pytest.raises(ConfigError, match=f"{name} should have at least one leverage"):
        load_exchange(directory)


def test_a_table_of_margin_tiers_has_rows(directory: Path) -> None:
    (directory / TABLE).write_text("rows = []\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="there should be at least one row"):
        load_exchange(directory)
