"""One frame of `simulator watch`, from messages as the stream brings them."""

import io
from typing import Any

import msgspec
import pytest
from rich.console import Console

from simulator.client import OrderBook
from simulator.client.answers import Position, Wallet
from simulator.client.messages import (
    AccountSnapshot,
    DepthMessage,
    Heartbeat,
    MarksMessage,
    OrdersMessage,
)
from simulator.commandline.watch_frame import frame
from simulator.commandline.watch_picture import Picture
from tests.cli.shapes import mark, order, position, wallet

HEAD = {"channel": "x", "world": "practice", "seq": 5, "time": 1_700_000_000_000}


def told(kind: type[Any], type_: str = "snapshot", **fields: Any) -> Any:
    return msgspec.convert({**HEAD, "type": type_, **fields}, kind, strict=False)


def snapshot() -> AccountSnapshot:
    found: AccountSnapshot = told(
        AccountSnapshot, orders=[order()], positions=[position()], wallets=[wallet()], settings=[]
    )
    return found


@pytest.fixture
def picture() -> Picture:
    made = Picture("BTCUSDT-PERP", 2, 17)
    made.book = OrderBook("BTCUSDT-PERP")
    made.book.apply(
        told(
            DepthMessage,
            bids=[["59990", "1"], ["59980", "2"], ["59970", "9"]],
            asks=[["60010", "1"], ["60020", "4"]],
        )
    )
    made.take(told(MarksMessage, items=[mark(), mark(symbol="ETHUSDT-PERP", mark_price="3000")]))
    return made


def drawn(picture: Picture, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(frame(picture, width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_it_is_complete_when_the_account_was_told(picture: Picture) -> None:
    assert not picture.is_complete
    picture.take(snapshot())
    assert picture.is_complete


def test_whoever_only_looks_on_sees_the_market(picture: Picture) -> None:
    picture.account_id = None
    assert picture.is_complete
    text = drawn(picture)
    assert "looking on" in text
    assert "equity" not in text


@pytest.mark.parametrize("width", [80, 120])
def test_a_frame_fits_and_shows_everything(width: int, picture: Picture) -> None:
    picture.take(snapshot())
    clock = {"time": 0, "mode": "REAL", "speed": "1", "paused": False}
    beat = {
        "world": "practice",
        "seq": 5,
        "time": 0,
        "status": "RUNNING",
        "server_time": 0,
        "clock": clock,
    }
    picture.take(msgspec.convert(beat, Heartbeat))
    text = drawn(picture, width)
    assert max(map(len, text.splitlines())) <= width
    prices = [text.index(each) for each in ("60,020", "60,010", "59,990", "59,980")]
    assert prices == sorted(prices)
    assert "59,970" not in text
    for part in ("practice RUNNING", "ETHUSDT-PERP", "equity 9,950.00", "57,000", "0 of 0.1"):
        assert part in text


def test_the_bar_follows_the_wallet_nearest_to_its_end(picture: Picture) -> None:
    picture.take(snapshot())
    near = wallet(kind="ISOLATED", symbol="ETHUSDT-PERP", margin_ratio="0.75", margin_call_id=3)
    picture.wallets = [
        msgspec.convert(each, Wallet, strict=False)
        for each in (wallet(), near, wallet(kind="SPOT", margin_ratio=None))
    ]
    text = drawn(picture, 120)
    assert "█" * 21 + "░" * 7 + " 75.00 % · ISOLATED ETHUSDT-PERP  MARGIN CALL 3" in text


def test_orders_come_and_go(picture: Picture) -> None:
    picture.take(snapshot())
    picture.take(told(OrdersMessage, "orders", items=[order(order_id=628)]))
    assert [each.order_id for each in picture.open_orders()] == [628, 627]
    picture.take(told(OrdersMessage, "orders", items=[order(status="FILLED")]))
    assert [each.order_id for each in picture.open_orders()] == [628]


def test_old_news_are_said_to_be_old(picture: Picture) -> None:
    picture.is_stale = True
    assert "no news: connecting again" in drawn(picture)


def test_positions_are_those_that_were_asked_for_last(picture: Picture) -> None:
    picture.take(snapshot())
    picture.positions = [msgspec.convert(position(side="SHORT"), Position, strict=False)]
    assert "SHORT 20x isolated" in drawn(picture)
