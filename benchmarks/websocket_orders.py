"""How many orders one websocket gets acknowledged in a second: durable, with full tables.

The server runs in a process of its own (`benchmarks.venue`), the load generator in this one, over
loopback, one request per frame. It keeps `window` requests under way and sends a new one for each
answer; latency is from send to answer, so a wide window waits. The processor time of a PostgreSQL
server is nobody's here; it shares the machine.
"""

import itertools
import random
import socket
import time
from collections import deque
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from benchmarks.measuring import percentile
from benchmarks.trading_floor import MARK, TICK
from benchmarks.venue import DATABASES, Venue, running

WARM_UP = 4_000
REQUESTS = 40_000
WINDOWS = (1, 32, 512)
LEVELS = 200
"""How far from the mark orders rest, in ticks."""

_FRAMES_AT_ONCE = 64
_RECEIVE = 1 << 18


# -- the load generator ----------------------------------------------------------------------------


NO_ERROR = msgspec.Raw(b"null")


class _Order(msgspec.Struct):
    order_id: int
    status: str


class _Result(msgspec.Struct):
    order: _Order | None = None


class _Answer(msgspec.Struct):
    type: str
    id: int | None = None
    result: _Result | None = None
    error: msgspec.Raw = NO_ERROR


_answers = msgspec.json.Decoder(list[_Answer])


class Socket:
    """A websocket by hand: frames are built and read without an event loop, to be cheap."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}/v1/ws"), max_size=None)
        self._protocol.send_request(self._protocol.connect())
        self._socket.sendall(b"".join(self._protocol.data_to_send()))
        while not self._protocol.handshake_exc and self._protocol.state.name == "CONNECTING":
            self._protocol.receive_data(self._socket.recv(_RECEIVE))
        self._protocol.events_received()

    def send(self, requests: list[bytes]) -> None:
        """Each in a frame of its own."""
        for start in range(0, len(requests), _FRAMES_AT_ONCE):
            frames = [
                Frame(Opcode.TEXT, request).serialize(mask=True)
                for request in requests[start : start + _FRAMES_AT_ONCE]
            ]
            self._socket.sendall(b"".join(frames))

    def receive(self) -> list[_Answer]:
        """Answers, news left out."""
        found: list[_Answer] = []
        while not found:
            self._protocol.receive_data(self._socket.recv(_RECEIVE))
            for event in self._protocol.events_received():
                if isinstance(event, Frame) and event.opcode == Opcode.TEXT:
                    found += [
                        answer
                        for answer in _answers.decode(event.data)
                        if answer.type in ("reply", "error")
                    ]
        return found

    def close(self) -> None:
        self._socket.close()


class Flow:
    """Requests of random accounts: 45 % rest, 35 % cancel, 20 % take (or only resting orders)."""

    def __init__(self, accounts: list[int], only_rest: bool) -> None:
        self._random = random.Random(7)
        self._accounts = accounts
        self._only_rest = only_rest
        self._ids = itertools.count(1)
        self._resting: deque[tuple[int, int]] = deque()
        self._owners: dict[int, int] = {}
        self.sent_ns: dict[int, int] = {}
        self.latencies_ns: list[int] = []
        self.refused = 0

    def request(self) -> bytes:
        request_id = next(self._ids)
        self.sent_ns[request_id] = time.perf_counter_ns()
        draw = self._random.random()
        if not self._only_rest and draw < 0.35 and len(self._resting) > 2_000:
            account_id, order_id = self._resting.popleft()
            return b'{"op":"cancel","id":%d,"account_id":%d,"order_id":%d}' % (
                request_id,
                account_id,
                order_id,
            )
        account_id = self._random.choice(self._accounts)
        self._owners[request_id] = account_id
        side = self._random.choice((1, -1))
        ticks = self._random.randint(1, LEVELS)
        if not self._only_rest and draw > 0.8:
            ticks = -ticks
        price = b"%d" % ((MARK - side * ticks * TICK) // 100)
        return (
            b'{"op":"place","id":%d,"account_id":%d,"symbol":"BTCUSDT-PERP","side":"%s",'
            b'"order_type":"LIMIT","quantity":"0.0%02d","price":"%s","time_in_force":"%s"}'
            % (
                request_id,
                account_id,
                b"BUY" if side == 1 else b"SELL",
                self._random.randint(1, 20),
                price,
                b"GTC" if ticks > 0 else b"IOC",
            )
        )

    def take(self, answers: list[_Answer]) -> None:
        now = time.perf_counter_ns()
        for answer in answers:
            if answer.id is None:
                raise AssertionError(f"a request was not understood: {answer}")
            self.latencies_ns.append(now - self.sent_ns.pop(answer.id))
            if answer.type == "error":
                self.refused += 1
            elif answer.result is not None and answer.result.order is not None:
                order = answer.result.order
                owner = self._owners.pop(answer.id, None)
                if order.status == "RESTING" and owner is not None:
                    self._resting.append((owner, order.order_id))


class Measured(NamedTuple):
    wall: float
    client: float
    server: float
    latencies_ns: list[int]
    refused: int


def drive(venue: Venue, window: int, only_rest: bool) -> Measured:
    """Keeps the window full until all requests are answered."""
    address = venue.address
    connection = Socket(address.port)
    connection.send([b'{"op":"auth","id":0,"token":"%s"}' % address.token.encode()])
    connection.receive()
    flow = Flow(address.accounts, only_rest)
    _exchange(connection, flow, window, WARM_UP)
    flow.latencies_ns.clear()
    flow.refused = 0
    requests = REQUESTS if window > 1 else REQUESTS // 10
    server = venue.cpu()
    client, wall = time.process_time(), time.perf_counter()
    _exchange(connection, flow, window, requests)
    wall = time.perf_counter() - wall
    client = time.process_time() - client
    server = venue.cpu() - server
    connection.close()
    return Measured(wall, client, server, flow.latencies_ns, flow.refused)


def _exchange(connection: Socket, flow: Flow, window: int, requests: int) -> None:
    sent = min(window, requests)
    connection.send([flow.request() for _ in range(sent)])
    answered = 0
    while answered < requests:
        answers = connection.receive()
        answered += len(answers)
        flow.take(answers)
        more = min(len(answers), requests - sent)
        sent += more
        connection.send([flow.request() for _ in range(more)])


def measure(database: str, window: int, only_rest: bool) -> Measured:
    """One run against a fresh server and database."""
    with running(database) as venue:
        return drive(venue, window, only_rest)


def table() -> Table:
    table = Table(
        title=f"One websocket, durable commits, full tables: {REQUESTS:,} requests, one per frame "
        "(required: 8,000 acknowledged orders/s on SQLite, 4,000 on PostgreSQL)"
    )
    for column in (
        "database",
        "requests",
        "window",
        "acknowledged/s",
        "p50 ms",
        "p99 ms",
        "refused",
    ):
        table.add_column(column, justify="right")
    for column in ("server, cores", "load generator, cores", "its share"):
        table.add_column(column, justify="right")
    for database in DATABASES:
        for name, only_rest in (("orders that rest", True), ("45 rest, 35 cancel, 20 take", False)):
            for window in WINDOWS:
                row = _row(measure(database, window, only_rest))
                table.add_row(database, name, f"{window}", *row)
    return table


def _row(measured: Measured) -> list[str]:
    latencies = measured.latencies_ns
    used = measured.client + measured.server
    return [
        f"{(len(latencies) - measured.refused) / measured.wall:,.0f}",
        f"{percentile(latencies, 50) / 1e6:,.2f}",
        f"{percentile(latencies, 99) / 1e6:,.2f}",
        f"{measured.refused:,}",
        f"{measured.server / measured.wall:.2f}",
        f"{measured.client / measured.wall:.2f}",
        f"{measured.client / used:.0%}",
    ]


if __name__ == "__main__":
    Console(width=150).print(table())
