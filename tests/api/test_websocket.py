"""The websocket: requests and answers, public channels, private channels, over a real server."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.api.app import ApiSettings
from simulator.api.limits import Rate
from simulator.api.stream.world_stream import StreamSettings
from tests.api.sockets import Socket, dial, serving
from tests.api.venue import BTC, ETH, START_MS, Venue, open_venue

pytestmark = pytest.mark.anyio

ORDER = {
    "symbol": BTC,
    "side": "BUY",
    "order_type": "LIMIT",
    "quantity": "0.01",
    "price": "19500",
}


@pytest.fixture
async def url(venue: Venue) -> AsyncIterator[str]:
    async with serving(venue.app) as address:
        yield address


@pytest.fixture
async def socket(url: str) -> AsyncIterator[Socket]:
    async with dial(url) as opened:
        yield opened


# -- requests and answers --------------------------------------------------------------------------


async def test_every_request_is_answered_under_its_id(socket: Socket) -> None:
    assert (await socket.ask("ping"))["server_time"] > START_MS
    await socket.say(json.dumps([{"op": "ping", "id": "a"}, {"op": "ping", "id": "b"}]))
    await socket.until(lambda: len(socket.heard) == 3)
    assert [message["id"] for message in socket.heard] == [1, "a", "b"]


async def test_a_world_beats_once_a_second(venue: Venue, socket: Socket) -> None:
    await socket.until(lambda: len(socket.heartbeats) == 2)
    beat = socket.heartbeats[0]
    assert beat["world"] == "practice"
    assert (beat["status"], beat["time"]) == ("RUNNING", START_MS)
    assert beat["seq"] == venue.world.committed_seq
    assert beat["clock"] == {"time": START_MS, "mode": "STEPPED", "speed": "1", "paused": False}
    apart = socket.heartbeats[1]["server_time"] - beat["server_time"]
    assert 900 <= apart <= 2_000


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", "MALFORMED_REQUEST"),
        ("nonsense", "MALFORMED_REQUEST"),
        ("[", "MALFORMED_REQUEST"),
        ("[" * 60_000, "MALFORMED_REQUEST"),
        ("12", "MALFORMED_REQUEST"),
        ("null", "MALFORMED_REQUEST"),
        ("[5]", "MALFORMED_REQUEST"),
        ('{"op": "fly"}', "MALFORMED_REQUEST"),
        ('{"op": 5}', "MALFORMED_REQUEST"),
        ("{}", "MALFORMED_REQUEST"),
        ('{"op": "ping", "extra": 1}', "MALFORMED_REQUEST"),
        ('{"op": "ping", "id": 1.5}', "MALFORMED_REQUEST"),
        ('{"op": "ping", "id": 1e400}', "MALFORMED_REQUEST"),
        ('{"op": "ping", "id": ' + "9" * 30 + "}", "MALFORMED_REQUEST"),
        ('{"op": "auth", "token": NaN}', "MALFORMED_REQUEST"),
        ('{"op": "auth", "token": "nobody"}', "NOT_AUTHENTICATED"),
        ('{"op": "auth", "token": "' + "x" * 5_000 + '"}', "NOT_AUTHENTICATED"),
        ('{"op": "subscribe", "channels": []}', "MALFORMED_REQUEST"),
        ('{"op": "subscribe", "channels": "marks"}', "MALFORMED_REQUEST"),
        ('{"op": "subscribe", "channels": ["weather"]}', "UNKNOWN_CHANNEL"),
        ('{"op": "subscribe", "channels": ["depth"]}', "UNKNOWN_CHANNEL"),
        ('{"op": "subscribe", "channels": ["account:x"]}', "UNKNOWN_CHANNEL"),
        ('{"op": "subscribe", "channels": ["depth:BTC"]}', "UNKNOWN_INSTRUMENT"),
        ('{"op": "subscribe", "channels": ["marks"], "world": "nowhere"}', "UNKNOWN_WORLD"),
        ('{"op": "subscribe", "channels": ["account:2"]}', "NOT_AUTHENTICATED"),
        ('{"op": "cancel", "order_id": 1}', "NOT_AUTHENTICATED"),
        ('{"op": "cancel", "order_id": -1}', "MALFORMED_REQUEST"),
        ('{"op": "place", "symbol": "' + "x" * 70_000 + '"}', "REQUEST_TOO_LARGE"),
    ],
)
async def test_bad_frames_are_answered_and_change_nothing(
    venue: Venue, socket: Socket, frame: str, code: str
) -> None:
    before = venue.hash()
    await socket.say(frame)
    answer = await socket.answer(None)
    assert answer["type"] == "error"
    assert answer["error"]["code"] == code
    assert answer["error"]["detail"]
    assert venue.hash() == before
    assert await socket.ask("ping"), "the connection goes on"


async def test_binary_frames_are_read_too(socket: Socket) -> None:
    await socket.connection.send(b'{"op": "ping", "id": 1}')
    assert (await socket.answer(1))["type"] == "reply"
    await socket.connection.send(b'{"op": "ping", "id": "\xff"}')
    assert (await socket.answer(None))["error"]["code"] == "MALFORMED_REQUEST"


async def test_a_bad_request_keeps_its_id_and_spares_its_neighbors(socket: Socket) -> None:
    await socket.say('[{"op": "ping", "id": 1}, {"op": "fly", "id": 2}, {"op": "ping", "id": 3}]')
    assert (await socket.answer(1))["type"] == "reply"
    assert (await socket.answer(2))["type"] == "error"
    assert (await socket.answer(3))["type"] == "reply"


# -- orders ----------------------------------------------------------------------------------------


async def test_orders_over_the_socket_are_those_of_rest(venue: Venue, socket: Socket) -> None:
    trader, maker = await venue.join(), await venue.join()
    login = await socket.log_in(trader)
    assert login["accounts"][0]["account_id"] == trader.account_id
    placed = await socket.ask("place", **ORDER, client_order_id="x")
    assert placed["order"]["status"] == "RESTING"
    assert [placed["order"]] == await trader.items("/orders")
    order_id = placed["order"]["order_id"]
    again = await socket.ask("place", **ORDER, client_order_id="x")
    assert (again["repeated"], again["order"]) == (True, placed["order"])
    await maker.place(side="SELL", price="19900", quantity="0.004")
    amended = await socket.ask("amend", order_id=order_id, price="19900")
    assert amended["order"]["filled_quantity"] == "0.004"
    assert [fill["price"] for fill in amended["fills"]] == ["19900"]
    canceled = await socket.ask("cancel", order_id=order_id)
    assert canceled["order"]["status"] == "CANCELED"
    assert canceled["order"]["remaining_quantity"] == "0.006"
    again = await socket.ask("place", **ORDER, client_order_id="x")
    assert again["order"]["status"] == "CANCELED"
    await socket.ask("place", **ORDER)
    await socket.ask("place", **{**ORDER, "symbol": ETH, "price": "1490", "quantity": "1"})
    assert len((await socket.ask("cancel_all", symbol=ETH))["order_ids"]) == 1
    assert len((await socket.ask("cancel_all"))["order_ids"]) == 1
    assert await trader.items("/orders") == []


async def test_ord_10_refusals_are_the_problems_of_rest(venue: Venue, socket: Socket) -> None:
    """ORD-10 over the websocket: the same object, reason and numbers."""
    trader = await venue.join()
    await socket.log_in(trader)
    for change, status in (
        ({"price": "19500.05"}, 409),
        ({"quantity": "2000"}, 409),
        ({"quantity": "-1"}, 422),
        ({"symbol": "BTC"}, 404),
        ({"account_id": 1}, 404),
        ({"world": "nowhere", "account_id": 2}, 404),
    ):
        over_socket = await socket.refusal("place", **{**ORDER, **change})
        assert over_socket["status"] == status
        if "account_id" not in change:
            over_rest = await trader.place(status, **change)
            for key in ("type", "title", "code", "detail", "needed", "available"):
                assert over_socket[key] == over_rest[key]
    for op in ("cancel", "amend"):
        assert (await socket.refusal(op, order_id=99))["code"] == "UNKNOWN_ORDER"
    venue.world.halt("a test")
    halted = await socket.refusal("place", **ORDER)
    assert (halted["status"], halted["code"]) == (503, "WORLD_HALTED")


async def test_a_preview_is_that_of_rest_and_does_nothing(venue: Venue, socket: Socket) -> None:
    trader, maker = await venue.join(), await venue.join()
    await maker.place(side="SELL", price="20000", quantity="0.5")
    await socket.log_in(trader)
    before = venue.hash()
    for change in ({"price": "20000", "quantity": "0.7"}, {"quantity": "500"}):
        over_socket = await socket.ask("preview", **{**ORDER, **change})
        over_rest = await trader.call("POST", "/orders/preview", json={**ORDER, **change})
        assert over_socket == over_rest.json()
    assert (over_socket["accepted"], over_socket["refusal"]["code"]) == (
        False,
        "INSUFFICIENT_MARGIN",
    )
    problem = await socket.refusal("preview", **{**ORDER, "symbol": "BTC"})
    assert problem["code"] == "UNKNOWN_INSTRUMENT"
    assert venue.hash() == before


async def test_a_preview_is_no_order_to_the_rate_limit(database: Path) -> None:
    settings = ApiSettings(orders=Rate(1, 1), requests=Rate(1, 6))
    async with open_venue(database, settings) as venue, serving(venue.app) as url:
        trader = await venue.join()
        async with dial(url) as socket:
            await socket.log_in(trader)
            for _ in range(6):
                await socket.ask("preview", **ORDER)
            assert (await socket.refusal("preview", **ORDER))["code"] == "RATE_LIMITED"
            await socket.ask("place", **ORDER)


async def test_the_account_of_a_request_must_be_the_callers(venue: Venue, socket: Socket) -> None:
    owner, stranger = await venue.join(), await venue.join()
    order_id = (await owner.place())["order"]["order_id"]
    await socket.log_in(stranger)
    before = venue.hash()
    for op, fields in (
        ("place", ORDER),
        ("cancel", {"order_id": order_id}),
        ("amend", {"order_id": order_id, "price": "1"}),
        ("cancel_all", {}),
    ):
        problem = await socket.refusal(op, account_id=owner.account_id, **fields)
        assert (problem["status"], problem["code"]) == (404, "UNKNOWN_ACCOUNT")
    assert (await socket.refusal("cancel", order_id=order_id))["code"] == "UNKNOWN_ORDER"
    channel = f"account:{owner.account_id}"
    problem = await socket.refusal("subscribe", channels=["marks", channel])
    assert problem["code"] == "UNKNOWN_ACCOUNT"
    assert socket.news("marks") == [], "all channels or none"
    wrong = await socket.refusal("auth", token=stranger.token, account_id=owner.account_id)
    assert wrong["code"] == "UNKNOWN_ACCOUNT"
    assert venue.hash() == before


async def test_pipelined_orders_are_all_answered_in_order(venue: Venue, socket: Socket) -> None:
    trader = await venue.join()
    await socket.log_in(trader)
    ids = [
        await socket.send("place", **{**ORDER, "price": str(19_000 + step)}) for step in range(150)
    ]
    answers = [await socket.answer(each) for each in ids]
    seqs = [each["result"]["seq"] for each in answers]
    assert seqs == sorted(seqs)
    assert len(await trader.items("/orders", limit=1000)) == 150


async def test_orders_have_a_rate_limit(database: Path) -> None:
    settings = ApiSettings(orders=Rate(1, 3))
    async with open_venue(database, settings) as venue, serving(venue.app) as url:
        trader = await venue.join()
        async with dial(url) as socket, dial(url) as second:
            await socket.log_in(trader)
            await second.log_in(trader)
            for _ in range(3):
                await socket.ask("place", **ORDER)
            problem = await second.refusal("place", **ORDER)
            assert (problem["status"], problem["code"]) == (429, "RATE_LIMITED")
            assert len(venue.world.state.orders) == 3


# -- public channels -------------------------------------------------------------------------------


async def test_marks_come_with_a_snapshot_and_then_what_changed(
    venue: Venue, socket: Socket
) -> None:
    await socket.ask("subscribe", channels=["marks", f"mark:{ETH}"])
    await socket.told(f"mark:{ETH}")
    (snapshot,) = socket.news("marks")
    assert snapshot["type"] == "snapshot"
    assert {item["symbol"]: item["mark_price"] for item in snapshot["items"]}[BTC] == "20000"
    await venue.set_index({1: 20_100_00, 2: 1_510_00})
    await venue.set_index({1: 20_200_00})
    await socket.until(lambda: len(socket.news("marks", "marks")) == 2)
    assert [item["mark_price"] for item in socket.items("marks", "marks")] == [
        "20100",
        "1510",
        "20200",
    ]
    assert [item["mark_price"] for item in socket.items(f"mark:{ETH}", "marks")] == ["1510"]
    seqs = [message["seq"] for message in socket.news("marks")]
    assert seqs == sorted(seqs)
    assert seqs[-1] == venue.world.committed_seq


async def test_trades_and_liquidations_are_public(venue: Venue, socket: Socket) -> None:
    maker, trader = await venue.join(), await venue.join()
    await socket.ask("subscribe", channels=[f"trades:{BTC}", "liquidations"])
    await trader.set_up(BTC, "ISOLATED", 20)
    await maker.set_up(BTC, "CROSS", 20)
    await maker.place(side="SELL", price="20000", quantity="0.5")
    await trader.place(price="20000", quantity="0.5")
    await socket.until(lambda: socket.items(f"trades:{BTC}", "trades"))
    (trade,) = socket.items(f"trades:{BTC}", "trades")
    assert (trade["price"], trade["quantity"], trade["taker_side"]) == ("20000", "0.5", "BUY")
    assert socket.items("liquidations", "liquidations") == []
    await maker.place(price="19050", quantity="0.2")
    await venue.set_index({1: 19_070_00})
    await socket.until(lambda: socket.items("liquidations", "liquidations"))
    (forced,) = socket.items("liquidations", "liquidations")
    assert forced == {
        "symbol": BTC,
        "side": "SELL",
        "price": "19050",
        "quantity": "0.2",
        "time": START_MS,
        "seq": forced["seq"],
    }
    listed = (await venue.public(f"/trades/{BTC}", order="OLDEST"))["items"]
    assert socket.items(f"trades:{BTC}", "trades") == listed


async def test_unsubscribed_channels_are_silent(venue: Venue, socket: Socket) -> None:
    result = await socket.ask("subscribe", channels=["marks", f"depth:{BTC}"])
    assert result == {"world": "practice", "channels": ["marks", f"depth:{BTC}"]}
    assert await socket.ask("list") == result
    result = await socket.ask("unsubscribe", channels=["marks", "never"])
    assert result["channels"] == [f"depth:{BTC}"]
    assert await socket.ask("list") == result
    assert (await socket.ask("list", world="elsewhere"))["channels"] == []
    await venue.set_index({1: 20_100_00})
    await socket.ask("ping")
    assert socket.news("marks", "marks") == []


async def test_public_news_is_collected_for_a_moment(database: Path) -> None:
    settings = ApiSettings(requests=None, orders=None, stream=StreamSettings(public_interval_ms=60))
    async with open_venue(database, settings) as venue, serving(venue.app) as url:
        trader = await venue.join()
        async with dial(url) as socket, dial(url) as other:
            for each in (socket, other):
                await each.ask("subscribe", channels=["marks", f"depth:{BTC}"])
                await each.told(f"depth:{BTC}")
            for step in range(5):
                await venue.set_index({1: 20_000_00 + step * 10})
                await trader.place(price=str(19_500 + step))
            await socket.told("marks", "marks")
            await socket.until(
                lambda: socket.news(f"depth:{BTC}")[-1]["seq"] == venue.world.committed_seq
            )
            assert len(socket.news("marks", "marks")) < 5
            assert socket.items("marks", "marks")[-1]["mark_price"] == "20000.4"
            await other.until(lambda: len(other.heard) >= len(socket.heard))
            assert other.news(f"depth:{BTC}") == socket.news(f"depth:{BTC}")


async def test_a_connection_has_a_limit_of_channels(database: Path) -> None:
    settings = ApiSettings(most_channels=2)
    async with (
        open_venue(database, settings) as venue,
        serving(venue.app) as url,
        dial(url) as socket,
    ):
        await socket.ask("subscribe", channels=["marks", "marks", "liquidations"])
        problem = await socket.refusal("subscribe", channels=[f"depth:{BTC}"])
        assert (problem["code"], problem["needed"]) == ("TOO_MANY_CHANNELS", "3")


# -- private channels ------------------------------------------------------------------------------


async def test_an_account_channel_tells_all_that_happens_to_it(
    venue: Venue, socket: Socket
) -> None:
    maker, trader = await venue.join(), await venue.join()
    await maker.place(side="SELL", price="20000", quantity="0.5")
    await trader.place(price="19000")
    await socket.log_in(trader)
    channel = f"account:{trader.account_id}"
    await socket.ask("subscribe", channels=[channel])
    await socket.told(channel)
    (snapshot,) = socket.news(channel)
    assert snapshot["type"] == "snapshot"
    assert snapshot["orders"] == await trader.items("/orders")
    assert snapshot["wallets"] == await trader.items("/wallets")
    assert snapshot["positions"] == []
    await trader.place(price="20000", quantity="0.3")
    await trader.call("PUT", "/leverage", json={"symbol": ETH, "leverage": 7})
    await socket.told(channel, "settings")
    (order,) = socket.items(channel, "orders")
    assert (order["status"], order["filled_quantity"]) == ("FILLED", "0.3")
    assert socket.items(channel, "fills") == await trader.items("/fills")
    (listed,) = await trader.items("/positions")
    assert (listed["adl_rank"], listed["adl_lights"]) == (1, 5)
    unranked = {**listed, "adl_rank": None, "adl_lights": None}  # a push looks at nobody else
    assert socket.items(channel, "positions") == [unranked]
    told = {wallet["wallet_id"]: wallet for wallet in socket.items(channel, "wallets")}
    for wallet in await trader.items("/wallets"):
        assert told.get(wallet["wallet_id"], wallet) == wallet
    (chosen,) = socket.items(channel, "settings")
    assert chosen == {"symbol": ETH, "margin_mode": "ISOLATED", "leverage": 7}
    kinds = [message["type"] for message in socket.news(channel)]
    assert kinds == ["snapshot", "orders", "fills", "positions", "wallets", "settings"]
    seqs = [message["seq"] for message in socket.news(channel)]
    assert seqs == sorted(seqs)
    await maker.place(price="19990", quantity="0.5")
    await trader.place(side="SELL", price="19990", quantity="0.3")
    await socket.until(lambda: len(socket.news(channel, "positions")) == 2)
    assert socket.items(channel, "positions")[-1] == {
        "symbol": BTC,
        "side": "LONG",
        "quantity": "0",
    }


async def test_call_1_a_margin_call_is_pushed_then_the_liquidation(
    venue: Venue, socket: Socket
) -> None:
    """CALL-1 and LIQ-9 over the websocket, in order, with their numbers."""
    maker, trader = await venue.join(), await venue.join()
    await trader.set_up(BTC, "ISOLATED", 20)
    await maker.set_up(BTC, "CROSS", 20)
    await maker.place(side="SELL", price="20000", quantity="0.5")
    await trader.place(price="20000", quantity="0.5")
    await socket.log_in(trader)
    channel = f"account:{trader.account_id}"
    await socket.ask("subscribe", channels=[channel])
    await venue.set_index({1: 19_090_00})
    await socket.told(channel, "margin_calls")
    (issued,) = socket.items(channel, "margin_calls")
    (listed,) = await trader.items("/margin-calls")
    assert issued["event"] == "ISSUED"
    for key in ("margin_call_id", "equity", "call_margin", "amount_to_add", "mark_price"):
        assert issued[key] == listed[key]
    assert socket.news(channel, "liquidations") == []
    await maker.place(price="19050", quantity="0.2")
    await venue.set_index({1: 19_070_00})
    await socket.told(channel, "liquidations")
    notices = socket.items(channel, "liquidations")
    assert [each["event"] for each in notices] == ["STARTED", "STEP", "TAKEOVER", "ENDED"]
    (liquidation,) = await trader.items("/liquidations")
    started, step, takeover, ended = notices
    assert {each["liquidation_id"] for each in notices} == {liquidation["liquidation_id"]}
    assert started["equity"] == liquidation["equity"]
    assert (step["quantity"], takeover["quantity"]) == ("0.5", "0.3")
    assert (ended["outcome"], ended["fee"]) == (liquidation["outcome"], liquidation["fee"])
    ends = [each for each in socket.items(channel, "margin_calls") if each["event"] == "ENDED"]
    assert [each["ended_by"] for each in ends] == ["LIQUIDATED"]


async def test_a_call_that_stood_before_the_socket_came_is_ended_on_it(
    venue: Venue, socket: Socket
) -> None:
    maker, trader = await venue.join(), await venue.join()
    await trader.set_up(BTC, "ISOLATED", 20)
    await maker.place(side="SELL", price="20000", quantity="0.5")
    await trader.place(price="20000", quantity="0.5")
    await venue.set_index({1: 19_090_00})
    await socket.log_in(trader)
    channel = f"account:{trader.account_id}"
    await socket.ask("subscribe", channels=[channel])
    await venue.set_index({1: 20_000_00})
    await socket.told(channel, "margin_calls")
    (ended,) = socket.items(channel, "margin_calls")
    assert (ended["event"], ended["ended_by"]) == ("ENDED", "CURED")


async def test_nobody_hears_of_other_peoples_accounts(venue: Venue, url: str) -> None:
    ann, bob = await venue.join(), await venue.join()
    async with dial(url) as hers, dial(url) as his:
        await hers.log_in(ann)
        await his.log_in(bob)
        await hers.ask("subscribe", channels=[f"account:{ann.account_id}"])
        await his.ask("subscribe", channels=[f"account:{bob.account_id}"])
        await ann.place(side="SELL", price="20000")
        await bob.place(price="20000")
        for socket, trader in ((hers, ann), (his, bob)):
            await socket.told(f"account:{trader.account_id}", "fills")
            private = [each for each in socket.heard if "channel" in each]
            assert {each["channel"] for each in private} == {f"account:{trader.account_id}"}
        assert ann.token not in json.dumps(his.heard)


async def test_another_login_ends_the_private_channels_of_the_one_before(
    venue: Venue, socket: Socket
) -> None:
    ann, bob = await venue.join(), await venue.join()
    await socket.log_in(ann)
    await socket.ask("subscribe", channels=[f"account:{ann.account_id}", "marks"])
    await socket.log_in(bob)
    await ann.place()
    await venue.set_index({1: 20_100_00})
    await socket.told("marks", "marks")
    assert socket.news(f"account:{ann.account_id}", "orders") == []


async def test_a_new_connection_finds_everything_again(venue: Venue, url: str) -> None:
    trader = await venue.join()
    channel = f"account:{trader.account_id}"
    async with dial(url) as first:
        await first.log_in(trader)
        await first.ask("subscribe", channels=[channel, f"depth:{BTC}"])
        await first.ask("place", **ORDER)
    await trader.place(price="19400")
    async with dial(url) as second:
        await second.log_in(trader)
        await second.ask("subscribe", channels=[channel, f"depth:{BTC}"])
        await second.told(f"depth:{BTC}")
        assert len(second.news(channel)[0]["orders"]) == 2
        assert second.news(f"depth:{BTC}")[0]["bids"] == [["19500", "0.01"], ["19400", "0.01"]]
    await asyncio.sleep(0.05)
    stream = venue.app.state.api.door("practice").stream
    assert not stream.has_readers(), "connections leave nothing behind"
