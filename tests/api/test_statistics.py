"""What the last 24 hours were like, and the tables that go with the instruments."""

import pytest

from tests.api.venue import BTC, DOGE, ETH, START_MS, SYMBOLS, Json, Trader, Venue

pytestmark = pytest.mark.anyio

MINUTE_NS = 60 * 10**9
HOUR_NS = 60 * MINUTE_NS


async def _trade(maker: Trader, taker: Trader, price: str, quantity: str = "0.01") -> None:
    await maker.place(side="SELL", price=price, quantity=quantity)
    await taker.place(price=price, quantity=quantity)


async def _statistics(venue: Venue) -> dict[str, Json]:
    return {each["symbol"]: each for each in (await venue.public("/statistics"))["items"]}


async def _pass(venue: Venue, duration_ns: int) -> None:
    """Lets world time pass; a fresh index keeps the instruments open."""
    venue.world.clock.step_to(venue.world.clock.now() + duration_ns)
    await venue.set_index({1: 20_000_00, 2: 1_500_00, 5: 100_000})


async def test_an_instrument_without_trades_has_nothing_but_zeros(venue: Venue) -> None:
    told = await venue.public("/statistics")
    assert [each["symbol"] for each in told["items"]] == list(SYMBOLS)
    assert told["time"] == START_MS
    assert told["since"] == START_MS - START_MS % 60_000 + 60_000 - 24 * 3_600_000
    assert told["seq"] == venue.world.committed_seq
    for each in told["items"]:
        assert each["open"] is each["last"] is each["change"] is each["change_rate"] is None
        assert (each["volume"], each["notional"], each["trade_count"]) == ("0", "0", 0)


async def test_prices_volume_and_change_are_of_the_window(venue: Venue) -> None:
    maker, taker = await venue.join(), await venue.join()
    await _trade(maker, taker, "20000")
    await _pass(venue, HOUR_NS)
    await _trade(maker, taker, "20400", "0.02")
    await _pass(venue, HOUR_NS)
    await _trade(maker, taker, "19900")
    statistics = await _statistics(venue)
    assert statistics[BTC] == {
        "symbol": BTC,
        "open": "20000",
        "high": "20400",
        "low": "19900",
        "last": "19900",
        "change": "-100",
        "change_rate": "-0.005",
        "volume": "0.04",
        "notional": "807",
        "trade_count": 3,
    }
    assert statistics[ETH]["trade_count"] == statistics[DOGE]["trade_count"] == 0


async def test_a_trade_leaves_the_window_with_its_minute(venue: Venue) -> None:
    maker, taker = await venue.join(), await venue.join()
    await _trade(maker, taker, "20000")
    await _pass(venue, HOUR_NS)
    await _trade(maker, taker, "20100")
    left_of_minute = MINUTE_NS - venue.world.clock.now() % MINUTE_NS
    await _pass(venue, 23 * HOUR_NS - MINUTE_NS + left_of_minute - 1)
    assert (await _statistics(venue))[BTC]["open"] == "20000"
    await _pass(venue, 1)
    moved_on = (await _statistics(venue))[BTC]
    assert (moved_on["open"], moved_on["trade_count"]) == ("20100", 1)
    await _pass(venue, HOUR_NS)
    after = (await _statistics(venue))[BTC]
    assert (after["open"], after["last"], after["trade_count"]) == (None, "20100", 0)


async def test_marg_2_tiers_are_listed_with_their_instrument(venue: Venue) -> None:
    """MARG-2 over REST: all tables at once are the tables of the instruments one by one."""
    tiers = (await venue.public("/risk-tiers"))["items"]
    assert list(dict.fromkeys(each["symbol"] for each in tiers)) == list(SYMBOLS)
    for symbol in SYMBOLS:
        detail = await venue.public(f"/instruments/{symbol}")
        own = (await venue.public("/risk-tiers", symbol=symbol))["items"]
        assert own == [each for each in tiers if each["symbol"] == symbol]
        assert own == [{**tier, "symbol": symbol} for tier in detail["risk_tiers"]]


async def test_a_world_tells_its_clock(venue: Venue) -> None:
    clock = await venue.public("/clock")
    world = await venue.public("")
    assert {name: clock[name] for name in world["clock"]} == world["clock"]
    assert (clock["world"], clock["status"], clock["seq"]) == ("practice", "RUNNING", world["seq"])
