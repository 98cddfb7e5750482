"""The exchange's configuration: what ships is sound, and each mistake is named with its line."""

from itertools import pairwise
from pathlib import Path

import pytest

from simulator.config.exchange import ApiConfig, ApiRate, ExchangeConfig, load_exchange
from simulator.config.file import ConfigError
from simulator.core.exchange import Exchange
from simulator.core.model.accounts import INSURANCE_FUND
from simulator.core.model.events import CommandRejected
from simulator.core.model.instruments import WorldParameters
from simulator.core.model.risk_tiers import derive_deductions
from simulator.core.model.units import RATE_ONE

USDT = 10**8


def break_file(path: Path, old: str, new: str, at: str) -> int:
    """Replaces the first `old` by `new`; returns the line that `at` stands on, from 1."""
    text = path.read_text(encoding="utf-8")
    line = text.count("\n", 0, text.index(at)) + 1
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return line


# -- what ships ----------------------------------------------------------------------------------


def test_a_new_exchange_accepts_the_genesis_of_what_ships(shipped: ExchangeConfig) -> None:
    exchange = Exchange()
    for command in shipped.genesis(shipped.instruments, 1_000_000 * USDT):
        events = exchange.execute(0, command)
        assert not any(isinstance(event, CommandRejected) for event in events)
    state = exchange.state
    assert [record.terms.symbol for record in state.instruments.values()] == list(
        shipped.instruments
    )
    assert state.parameters == shipped.parameters
    assert state.holding(INSURANCE_FUND).balance == 1_000_000 * USDT


def test_genesis_lists_only_the_instruments_asked_for(shipped: ExchangeConfig) -> None:
    exchange = Exchange()
    for command in shipped.genesis(["ETHUSDT-PERP"], 0):
        exchange.execute(0, command)
    assert [record.terms.symbol for record in exchange.state.instruments.values()] == [
        "ETHUSDT-PERP"
    ]


def test_the_parameters_are_the_defaults_of_the_rule_book(shipped: ExchangeConfig) -> None:
    assert shipped.parameters == WorldParameters()


def test_an_instrument_is_read_in_its_own_units(shipped: ExchangeConfig) -> None:
    """UNIT-1: BTC counts prices in cents with ticks of ten, quantities in thousandths."""
    terms, tiers = shipped.instruments["BTCUSDT-PERP"]
    assert (terms.tick_size, terms.lot_size, terms.notional_multiplier) == (10, 1, 1000)
    assert (terms.min_notional, terms.price_band_rate) == (5 * USDT, 5 * 10**10)
    assert (terms.maker_fee_rate, terms.taker_fee_rate) == (2 * 10**8, 5 * 10**8)
    assert terms.index_staleness_ns == 60 * 10**9
    assert terms.notional(1, 60_000_00) == 60 * USDT
    assert tiers[0] == (0, 100_000 * USDT, 4 * 10**9, 125)


def test_marg_2_deductions_of_the_tables_that_ship(shipped: ExchangeConfig) -> None:
    """MARG-2: by hand, 100,000 * (0.5% - 0.4%) = 100, then 100 + 1,000,000 * 0.5% = 5,100."""
    tiers = derive_deductions(list(shipped.instruments["BTCUSDT-PERP"].tiers))
    assert [tier.deduction for tier in tiers[:3]] == [0, 100 * USDT, 5_100 * USDT]


def test_marg_2_maintenance_is_continuous_in_the_tables_that_ship(shipped: ExchangeConfig) -> None:
    perpetuals = [each for each in shipped.instruments.values() if each.terms.base_asset_id is None]
    assert len(perpetuals) == 11
    for listed in perpetuals:
        tiers = derive_deductions(list(listed.tiers))
        for below, above in pairwise(tiers):
            seam = above.floor
            assert below.cap == seam
            assert seam * below.maintenance_margin_rate - below.deduction * RATE_ONE == (
                seam * above.maintenance_margin_rate - above.deduction * RATE_ONE
            )


def test_the_limits_of_the_door_that_ships(shipped: ExchangeConfig) -> None:
    assert shipped.api == ApiConfig(
        orders=ApiRate(50, 200),
        requests=ApiRate(50, 200),
        guests=ApiRate(1, 20),
        public_interval_ms=50,
        max_body_bytes=65_536,
        timeout_ms=10_000,
        permessage_deflate=False,
    )


def test_without_an_interval_public_news_leaves_at_once(directory: Path) -> None:
    path = directory / "exchange.toml"
    break_file(path, "public_interval =", "# public_interval =", at="public_interval")
    assert load_exchange(directory).api.public_interval_ms == 0


# -- what is wrong, and where --------------------------------------------------------------------

MISTAKES = [
    # file, old text, new text, what the message must say about that line
    (
        "instruments.toml", 'tick_size = "0.1"', 'tick_size = "0.015"',
        'tick_size "0.015" of BTCUSDT-PERP is finer than price_decimals 2',
    ),
    (
        "instruments.toml", 'tick_size = "0.1"', 'tick_size = "0"',
        'tick_size "0" of BTCUSDT-PERP should be above 0',
    ),
    (
        "instruments.toml", 'tick_size = "0.1"', 'tick_size = "1e-1"',
        'tick_size: "1e-1" is no decimal like "12.5"',
    ),
    (
        "instruments.toml", 'tick_size = "0.1"', "tick_size = 0.1",
        'expected text in quotes like "0.05", got 0.1',
    ),
    (
        "instruments.toml", 'max_quantity = "1000"', 'max_quantity = "0"',
        'max_quantity "0" of BTCUSDT-PERP should be a positive multiple of lot_size 0.001',
    ),
    (
        "instruments.toml", 'max_market_quantity = "120"', 'max_market_quantity = "1200"',
        'max_market_quantity "1200" of BTCUSDT-PERP should lie between min_quantity',
    ),
    (
        "instruments.toml", 'symbol = "BTCUSDT-PERP"', 'symbol = "BTC-PERP"',
        'symbol "BTC-PERP" of BTC-PERP should be "BTCUSDT-PERP"',
    ),
    (
        "instruments.toml", "id = 2", "id = 1",
        "id 1 of ETHUSDT-PERP is taken already; ids are never shared",
    ),
    (
        "instruments.toml", 'risk_tiers = "btc"', 'risk_tiers = "../btc"',
        'risk_tiers "../btc" of BTCUSDT-PERP should name a file in risk_tiers/, without .toml',
    ),
    (
        "instruments.toml", 'price_band = "0.05" ', 'price_band = "1" ',
        'price_band "1" of BTCUSDT-PERP should lie between 0 and 1',
    ),
    (
        "instruments.toml", 'maker_fee = "0.0002"', 'maker_fee = "-0.001"',
        'maker_fee "-0.001" of BTCUSDT-PERP should be below 1, and as a rebate no more than',
    ),
    (
        "instruments.toml", 'index_staleness = "60s"', 'index_staleness = "soon"',
        'index_staleness: "soon" is no duration like "500ms", "60s", "5m", "24h" or "7d", nor',
    ),
    (
        "instruments.toml", 'quote = "USDT"', 'quote = "BUSD"',
        'quote "BUSD" of BTCUSDT-PERP should be "USDT", the valuation asset',
    ),
    (
        "instruments.toml", "default_leverage = 3", "default_leverage = 200",
        "default_leverage 200 of BTCUSDT-PERP should be 1 to 125, the max_leverage of its first",
    ),
    (
        "instruments.toml", 'mark_method = "index"', 'mark_method = "guess"',
        "mark_method: Invalid enum value 'guess'",
    ),
    (
        "instruments.toml", 'funding_interval = "never"', 'funding_interval = "often"',
        'funding_interval "often" is no duration like "500ms", "60s", "5m", "24h" or "7d"; or',
    ),
    (
        "instruments.toml", 'funding_interval = "never"', 'funding_interval = "24h"',
        'funding_interval "24h" should be at most "8h", in whole 5 seconds',
    ),
    (
        "instruments.toml", 'funding_cap = "0.02"', 'funding_cap = "-0.02"',
        'funding_cap "-0.02" of BTCUSDT-PERP should be 0 or more, below 1',
    ),
    (
        "instruments.toml", 'index_blend = "0"', 'index_blend = "1"',
        'index_blend "1" of BTCUSDT-PERP should be 0 or more, below 1',
    ),
    (
        "instruments.toml", 'liquidation_policy = "ladder"', 'liquidation_policy = "none"',
        "liquidation_policy: Invalid enum value 'none'",
    ),
    (
        "instruments.toml", 'liquidation_step = "0.2"', 'liquidation_step = "0"',
        'liquidation_step "0" of BTCUSDT-PERP should be above 0, at most 1',
    ),
    (
        "instruments.toml", 'liquidation_cooldown = "30s"', 'liquidation_cooldown = "0s"',
        'liquidation_cooldown "0s" is no duration like',
    ),
    (
        "instruments.toml", 'max_market_quantity = "120"',
        'impact_notional = "0"\nmax_market_quantity = "120"',
        'impact_notional "0" of BTCUSDT-PERP should be above 0',
    ),
    (
        "exchange.toml", 'fund_notional_cap = "5000000"', 'fund_notional_cap = "0"',
        "fund_notional_cap should be above 0",
    ),
    (
        "instruments.toml", 'lot_size = "0.001"', 'lot_sise = "0.001"',
        "lot_sise is no key here; did you mean lot_size?",
    ),
    (
        "instruments.toml", "price_decimals = 2", 'price_decimals = "2"',
        "price_decimals: expected a whole number without quotes, got text in quotes",
    ),
    (
        "exchange.toml", "page_size = 500", "page_size = 0",
        "page_size 0 should be 1 or more",
    ),
    (
        "exchange.toml", 'call_ratio = "0.8"', 'call_ratio = "1.2"',
        "call_ratio should be above 0 and at most 1",
    ),
    (
        "exchange.toml", 'clear_ratio = "1.05"', 'clear_ratio = "0.9"',
        "clear_ratio should be 1 or more",
    ),
    (
        "exchange.toml", 'call_repeat = "24h"', "call_repeat = 24",
        'expected text in quotes like "24h", got 24',
    ),
    (
        "exchange.toml", 'fund_unload_notional = "50000"', 'fund_unload_notional = "-1"',
        "fund_unload_notional should be above 0",
    ),
    (
        "exchange.toml", "page_size = 500", "pages = 500",
        "pages is no key here; did you mean page_size?",
    ),
    (
        "exchange.toml", "[world]", "[world",
        "no valid TOML: Expected ']' at the end of a table declaration",
    ),
    (
        "exchange.toml", "batches_in_flight = 3", "batches_in_flight = 0",
        "batches_in_flight 0 should be 1 or more",
    ),
    (
        "exchange.toml", "orders = { per_second = 50", "orders = { per_second = 0",
        "per_second 0 should be 1 or more",
    ),
    (
        "exchange.toml", "guests = { per_second = 1, burst = 20", "guests = { per_second = 1",
        "burst is missing",
    ),
    (
        "exchange.toml", "requests = { per_second", "requests = { per_minute",
        "per_minute is no key here; known are per_second, burst",
    ),
    (
        "exchange.toml", 'public_interval = "50ms"', 'public_interval = "11s"',
        "public_interval should be at most 10s",
    ),
    (
        "exchange.toml", 'timeout = "10s"', 'timeout = "0s"',
        "no duration like",
    ),
    (
        "exchange.toml", "max_body_bytes = 65536", "max_body_bytes = 0",
        "max_body_bytes 0 should be 1 or more",
    ),
    (
        "exchange.toml", "most_waiting = 20000", "most_waiting = 0",
        "most_waiting 0 should be 1 or more",
    ),
    (
        "exchange.toml", 'public_interval = "50ms"', "public_interval = 0.05",
        'expected text in quotes like "24h", got 0.05',
    ),
    (
        "assets.toml", "decimals = 8", "decimals = 11",
        "decimals 11 should be 0 to 10",
    ),
    (
        "assets.toml", 'valuation = "USDT"', 'valuation = "EUR"',
        'valuation "EUR" should be the code of the asset with id 1',
    ),
    (
        "assets.toml", "id = 1\n", "id = 0\n",
        "id 0 should be positive and not yet taken",
    ),
    (
        "assets.toml", 'code = "USDT"', 'code = "us dollar"',
        'code "us dollar" should be like "USDT"',
    ),
    (
        "risk_tiers/btc.toml", 'floor = "100000", ', 'floor = "100001", ',
        'floor "100001" should be "100000", where the tier above it ends',
    ),
    (
        "risk_tiers/btc.toml", 'cum = "100"', 'cum = "99"',
        'cum "99" should be "100" (MARG-2)',
    ),
    (
        "risk_tiers/btc.toml", '_rate = "0.01"', '_rate = "0"',
        "tier 3: maintenance_margin_rate should rise from tier to tier",
    ),
    (
        "risk_tiers/btc.toml", "max_leverage = 25", "max_leverage = 60",
        "tier 4: max_leverage should fall from tier to tier",
    ),
    (
        "risk_tiers/btc.toml", 'cap = "5000000", ', 'cap = "1000", ',
        'cap "1000" should be above the floor "1000000"',
    ),
    (
        "risk_tiers/btc.toml", 'floor = "200000000",', 'floor = "200000000", cap = "1e9",',
        'cap: "1e9" is no decimal like "12.5"',
    ),
    (
        "risk_tiers/btc.toml", 'floor = "200000000",', 'floor = "200000000", cap = "900000000",',
        'cap "900000000" should be left out; the last tier has none',
    ),
    (
        "risk_tiers/btc.toml", "max_leverage = 125", "max_leverage = 500",
        "tier 1: maintenance_margin_rate should be below 1/500",
    ),
]  # fmt: skip


MISTAKES_SEEN_ELSEWHERE = [
    # file, old text, new text, text of the line that the message names, what it must say
    ("exchange.toml", "guests =", "# guests =", "[api]", "guests is missing"),
    (
        "instruments.toml", 'lot_size = "0.001"', 'lot_size = "0.003"', 'min_quantity = "0.001"',
        'min_quantity "0.001" of BTCUSDT-PERP should be a positive multiple of lot_size 0.003',
    ),
    (
        "instruments.toml", "price_decimals = 2", "price_decimals = 6", "quantity_decimals = 3",
        "quantity_decimals 3 of BTCUSDT-PERP and price_decimals 6 should add up to at most 8",
    ),
    ("instruments.toml", 'lot_size = "0.001"', "", "[[instrument]]", "lot_size is missing"),
    (
        "instruments.toml", 'taker_fee = "0.0005"', "", "[[instrument]]", "taker_fee is missing",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "problem"), MISTAKES)
def test_a_mistake_is_named_with_file_and_line(
    directory: Path, name: str, old: str, new: str, problem: str
) -> None:
    line = break_file(directory / name, old, new, at=old)
    with pytest.raises(ConfigError) as caught:
        load_exchange(directory)
    assert str(caught.value).startswith(f"config/{name}:{line}: ")
    assert problem in caught.value.problem


@pytest.mark.parametrize(("name", "old", "new", "at", "problem"), MISTAKES_SEEN_ELSEWHERE)
def test_a_mistake_that_shows_elsewhere_is_named_there(
    directory: Path, name: str, old: str, new: str, at: str, problem: str
) -> None:
    line = break_file(directory / name, old, new, at)
    with pytest.raises(ConfigError) as caught:
        load_exchange(directory)
    assert str(caught.value).startswith(f"config/{name}:{line}: ")
    assert problem in caught.value.problem


def test_a_tier_without_its_cap_is_named(directory: Path) -> None:
    line = break_file(directory / "risk_tiers/btc.toml", 'cap = "100000000",', "", "100000000")
    with pytest.raises(ConfigError, match=rf"btc\.toml:{line}: cap is missing; only the last tier"):
        load_exchange(directory)


def test_a_file_that_is_not_there_is_named(directory: Path) -> None:
    (directory / "assets.toml").unlink()
    with pytest.raises(ConfigError, match=r"^config/assets\.toml: there is no such file$"):
        load_exchange(directory)


def test_a_file_that_is_no_text_is_named(directory: Path) -> None:
    (directory / "assets.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"^config/assets\.toml: cannot be read as UTF-8"):
        load_exchange(directory)


def test_an_unfinished_file_points_to_its_end(directory: Path) -> None:
    path = directory / "assets.toml"
    text = path.read_text(encoding="utf-8") + 'code = """'
    path.write_text(text, encoding="utf-8")
    line = text.count("\n") + 1
    with pytest.raises(ConfigError, match=rf"^config/assets\.toml:{line}: no valid TOML"):
        load_exchange(directory)


def test_a_file_without_instruments_is_refused(directory: Path) -> None:
    (directory / "instruments.toml").write_text("instrument = []\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^config/instruments\.toml:1: there should be at least"):
        load_exchange(directory)
