"""What a private channel keeps in mind, so that the seam of two connections shows nothing twice."""

from decimal import Decimal
from typing import Any

from simulator.client.answers import Fill
from simulator.client.followed import Followed
from simulator.client.messages import (
    AccountSnapshot,
    ClosedPosition,
    FillsMessage,
    Heartbeat,
    OtherMessage,
    PositionsMessage,
    read_frame,
)
from simulator.client.public import Clock

CHANNEL = "account:7"


def head(kind: str, seq: int) -> dict[str, Any]:
    return {"channel": CHANNEL, "world": "practice", "type": kind, "seq": seq, "time": 0}


def snapshot(seq: int) -> AccountSnapshot:
    return AccountSnapshot(
        **head("snapshot", seq), orders=[], positions=[], wallets=[], settings=[]
    )


def fills(seq: int, *trade_ids: int, replayed: bool = False) -> FillsMessage:
    items = [
        Fill(
            trade_id=trade_id,
            order_id=1,
            symbol="B",
            side="BUY",
            price=Decimal(1),
            quantity=Decimal(1),
            fee=Decimal(0),
            realized_pnl=Decimal(0),
            liquidity="MAKER",
            time=0,
            seq=seq,
        )
        for trade_id in trade_ids
    ]
    return FillsMessage(**head("fills", seq), items=items, replayed=replayed)


def told(message: object) -> list[int]:
    assert isinstance(message, FillsMessage)
    return [fill.trade_id for fill in message.items]


def test_only_the_batch_before_the_latest_is_certainly_complete() -> None:
    followed = Followed(CHANNEL)
    assert followed.complete_seq is None
    followed.take(snapshot(10))
    assert followed.complete_seq == 10
    followed.take(fills(12, 1))
    assert followed.complete_seq == 10
    followed.take(fills(15, 2))
    assert followed.complete_seq == 12


def test_what_was_told_is_left_out_when_it_is_told_again() -> None:
    followed = Followed(CHANNEL)
    followed.take(snapshot(10))
    assert told(followed.take(fills(12, 1, 2))) == [1, 2]
    assert told(followed.take(fills(12, 1, 2, 3, replayed=True))) == [3]
    assert followed.take(fills(12, 3, replayed=True)) is None
    assert told(followed.take(fills(13, 4, replayed=True))) == [4]


def test_a_given_seq_is_where_it_goes_on() -> None:
    followed = Followed(CHANNEL, since=40)
    assert followed.complete_seq == 40
    followed.take(fills(42, 1))
    assert followed.complete_seq == 40


def test_frames_are_read_with_what_is_not_known() -> None:
    frame = (
        '[{"type":"heartbeat","world":"w","seq":1,"time":2,"status":"RUNNING","server_time":3,'
        '"clock":{"time":2,"mode":"SCALED","speed":"1.5","paused":false}},'
        '{"type":"news","channel":"weather","seq":4},'
        '{"type":"positions","channel":"account:7","world":"w","seq":5,"time":6,'
        '"items":[{"symbol":"B","side":"LONG","quantity":"0"}]}]'
    )
    heartbeat, other, positions = read_frame(frame)
    assert isinstance(heartbeat, Heartbeat)
    assert heartbeat.clock == Clock(time=2, mode="SCALED", speed=Decimal("1.5"), paused=False)
    assert isinstance(other, OtherMessage)
    assert other.data["seq"] == 4
    assert isinstance(positions, PositionsMessage)
    assert positions.items == [ClosedPosition(symbol="B", side="LONG")]
