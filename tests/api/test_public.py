"""What anyone may read: worlds, instruments, books, prices, trades, candles."""

import pytest

from tests.api.venue import BTC, DOGE, START_MS, SYMBOLS, Venue, order_body

pytestmark = pytest.mark.anyio


async def test_health_says_that_the_process_answers(venue: Venue) -> None:
    assert (await venue.client.get("/health")).json()["status"] == "OK"


async def test_ready_tells_the_truth(venue: Venue) -> None:
    response = await venue.client.get("/ready")
    assert response.status_code == 200
    assert response.json() == {"status": "OK", "worlds": {"practice": "RUNNING"}}
    venue.world.halt("a test")
    response = await venue.client.get("/ready")
    assert response.status_code == 503
    assert response.json()["worlds"] == {"practice": "HALTED"}


async def test_worlds_have_a_clock(venue: Venue) -> None:
    world = await venue.public("")
    assert world["world"] == "practice"
    assert world["status"] == "RUNNING"
    assert world["clock"] == {"time": START_MS, "mode": "STEPPED", "speed": "1", "paused": False}
    assert world["seq"] == venue.world.committed_seq
    listed = (await venue.client.get("/v1/worlds")).json()["items"]
    assert [each["world"] for each in listed] == ["practice"]


async def test_instruments_are_given_in_the_units_of_traders(venue: Venue) -> None:
    listed = (await venue.public("/instruments"))["items"]
    assert [each["symbol"] for each in listed] == list(SYMBOLS)
    btc = await venue.public(f"/instruments/{BTC}")
    assert (btc["tick_size"], btc["lot_size"], btc["quote"]) == ("0.1", "0.001", "USDT")
    assert (btc["taker_fee_rate"], btc["price_band_rate"]) == ("0.0005", "0.05")
    assert btc["index_staleness"] == 60_000
    first, last = btc["risk_tiers"][0], btc["risk_tiers"][-1]
    assert first["floor"] == "0"
    assert first["deduction"] == "0"
    assert last["cap"] is None
    assert first["max_leverage"] == btc["max_leverage"] > last["max_leverage"]


async def test_depth_gives_the_best_levels_first(venue: Venue) -> None:
    trader = await venue.join()
    for price in ("19400", "19500.5", "19450"):
        await trader.place(price=price)
    await trader.place(side="SELL", price="20500")
    depth = await venue.public(f"/depth/{BTC}", levels=2)
    assert depth["bids"] == [["19500.5", "0.01"], ["19450", "0.01"]]
    assert depth["asks"] == [["20500", "0.01"]]
    assert depth["seq"] == venue.world.committed_seq


async def test_marks_start_with_none_and_follow_the_index(venue: Venue) -> None:
    marks = {each["symbol"]: each for each in (await venue.public("/marks"))["items"]}
    assert marks[BTC]["mark_price"] == marks[BTC]["index_price"] == "20000"
    assert marks[BTC]["last_price"] is None
    assert marks[DOGE]["mark_price"] == "0.1"
    assert marks[BTC]["market_state"] == "OPEN"
    assert marks[BTC]["halt_reason"] is None
    await venue.set_index({1: 20_100_00})
    marks = {each["symbol"]: each for each in (await venue.public("/marks"))["items"]}
    assert marks[BTC]["mark_price"] == "20100"


async def test_trades_and_candles_come_from_the_tables(venue: Venue) -> None:
    maker, taker = await venue.join(), await venue.join()
    for _ in range(3):
        await maker.place(side="SELL", price="20010")
        await taker.place(price="20010")
    page = await venue.public(f"/trades/{BTC}", limit=2)
    assert [each["trade_id"] for each in page["items"]] == [3, 2]
    assert page["items"][0]["taker_side"] == "BUY"
    assert page["items"][0]["price"] == "20010"
    rest = await venue.public(f"/trades/{BTC}", limit=2, after=page["next"])
    assert [each["trade_id"] for each in rest["items"]] == [1]
    assert rest["next"] is None
    oldest = await venue.public(f"/trades/{BTC}", order="OLDEST", limit=1)
    assert oldest["items"][0]["trade_id"] == 1
    (candle,) = (await venue.public(f"/candles/{BTC}"))["items"]
    assert candle["open_time"] == START_MS - START_MS % 60_000
    assert (candle["close"], candle["volume"], candle["trade_count"]) == ("20010", "0.03", 3)
    (mark,) = (await venue.public(f"/candles/{BTC}", source="MARK", interval="1h"))["items"]
    assert (mark["open"], mark["volume"]) == ("20000", "0")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/worlds/nowhere", 404, "UNKNOWN_WORLD"),
        ("/v1/worlds/nowhere/marks", 404, "UNKNOWN_WORLD"),
        ("/v1/worlds/practice/instruments/BTC", 404, "UNKNOWN_INSTRUMENT"),
        ("/v1/worlds/practice/instruments/%00", 422, "MALFORMED_REQUEST"),
        (f"/v1/worlds/practice/depth/{BTC}?levels=0", 422, "MALFORMED_REQUEST"),
        (f"/v1/worlds/practice/depth/{BTC}?levels=many", 422, "MALFORMED_REQUEST"),
        (f"/v1/worlds/practice/depth/{BTC}?levels=1e400", 422, "MALFORMED_REQUEST"),
        (f"/v1/worlds/practice/depth/{BTC}?level=5", 422, "MALFORMED_REQUEST"),
        (f"/v1/worlds/practice/candles/{BTC}?interval=7m", 422, "MALFORMED_REQUEST"),
        (f"/v1/worlds/practice/candles/{BTC}?source=MID", 422, "MALFORMED_REQUEST"),
        (f"/v1/worlds/practice/candles/{BTC}?after=yesterday", 422, "MALFORMED_REQUEST"),
        (f"/v1/worlds/practice/trades/{BTC}?limit=1001", 422, "MALFORMED_REQUEST"),
        (f"/v1/worlds/practice/trades/{BTC}?after=1-2", 422, "MALFORMED_REQUEST"),
        ("/v1/nothing", 404, "NOT_FOUND"),
        ("/v1/worlds/", 404, "NOT_FOUND"),
    ],
)
async def test_bad_paths_and_queries_are_problems(
    venue: Venue, path: str, status: int, code: str
) -> None:
    before = venue.hash()
    response = await venue.client.get(path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["detail"]
    assert problem["request_id"] == response.headers["x-request-id"]
    assert venue.hash() == before


async def test_a_wrong_method_is_a_problem(venue: Venue) -> None:
    response = await venue.client.post("/v1/worlds/practice")
    assert (response.status_code, response.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "GET"


async def test_a_halted_world_still_tells_what_is_durable(venue: Venue) -> None:
    trader = await venue.join()
    await trader.place()
    venue.world.halt("a test")
    assert (await venue.public(f"/depth/{BTC}"))["bids"] == [["19500", "0.01"]]
    world = await venue.public("")
    assert (world["status"], world["status_reason"]) == ("HALTED", "a test")
    response = await trader.call("POST", "/orders", json=order_body())
    assert (response.status_code, response.json()["code"]) == (503, "WORLD_HALTED")
