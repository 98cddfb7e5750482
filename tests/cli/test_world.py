"""`simulator world` and `export` against prepared answers."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.fake_server import CommandLine, FakeServer
from tests.cli.shapes import world

CSV = "trade_id,price\n1,60000\n2,60001\n"


def test_show(trader: CommandLine, server: FakeServer) -> None:
    server.answers["GET", "/worlds/practice"] = (200, world())
    assert [line.split() for line in trader("world", "show").out.splitlines()] == [
        ["world", "practice"],
        ["status", "RUNNING"],
        ["speed", "60x"],
        ["world", "time", "(UTC)", "2023-11-14", "22:13:20"],
        ["seq", "1,234"],
    ]


@pytest.mark.parametrize(
    ("call", "path", "body"),
    [
        (["create", "mine", "--seed", "7"], "/worlds", {"world": "mine", "seed": 7}),
        (["pause", "mine"], "/worlds/mine/pause", None),
        (["resume", "mine"], "/worlds/mine/resume", None),
        (["speed", "0.5", "mine"], "/worlds/mine/speed", {"speed": "0.5"}),
        (["step", "60000", "mine"], "/worlds/mine/step", {"milliseconds": 60_000}),
    ],
)
def test_control(
    call: list[str], path: str, body: Any, trader: CommandLine, server: FakeServer
) -> None:
    server.answers["POST", path] = (200, world(world="mine"))
    assert trader("world", *call, "--json").json()["world"] == "mine"
    assert (server.last.target, server.last.body) == (path, body)


def test_the_clock_of_somebody_else(trader: CommandLine, server: FakeServer) -> None:
    problem = {"code": "NOT_THE_OWNER", "detail": "this world is not yours", "status": 403}
    server.answers["POST", "/worlds/practice/pause"] = (403, problem)
    done = trader("world", "pause")
    assert done.code == 1
    assert done.err == "simulator: this world is not yours (NOT_THE_OWNER)\n"


def test_export_prints_the_csv(trader: CommandLine, server: FakeServer) -> None:
    server.answers["GET", "/worlds/practice/trades/BTCUSDT-PERP"] = (200, CSV)
    assert trader("export", "trades", "BTCUSDT-PERP").out == CSV
    assert "format=csv" in server.last.target
    assert trader("export", "trades", "BTCUSDT-PERP", "--json").json() == [
        {"trade_id": "1", "price": "60000"},
        {"trade_id": "2", "price": "60001"},
    ]


def test_export_into_a_file(trader: CommandLine, server: FakeServer, tmp_path: Path) -> None:
    server.answers["GET", "/accounts/17/orders/history"] = (200, CSV)
    file = tmp_path / "orders.csv"
    assert trader("export", "order-history", "--csv", str(file)).out.startswith("2 rows in")
    assert file.read_text() == CSV
    done = trader("export", "order-history", "--csv", str(tmp_path / "no" / "folder.csv"))
    assert done.code == 2
    assert "cannot be written: No such file or directory" in done.err


def test_export_of_what_there_is_not(trader: CommandLine, server: FakeServer) -> None:
    done = trader("export", "secrets")
    assert done.code == 2
    assert "there are accounts, assets, candles, fills" in done.err
    done = trader("export", "trades")
    assert done.code == 2
    assert "name it, like BTCUSDT-PERP" in done.err
    assert server.asked == []


def test_candles_have_an_interval(trader: CommandLine, server: FakeServer) -> None:
    server.answers["GET", "/worlds/practice/candles/BTCUSDT-PERP"] = (200, CSV)
    assert trader("export", "candles", "BTCUSDT-PERP", "--interval", "1h").code == 0
    assert "interval=1h" in server.last.target
