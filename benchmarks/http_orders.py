"""Orders over HTTP, each answered when it is durable: how many in a second, and how late at 500/s.

The server runs in a process of its own (`benchmarks.venue`), the load generator in this one, over
loopback, with connections that are kept alive. The first run has every connection send an order as
soon as the last one is answered. The second has a plan: an order every 2 ms, whether the ones
before are answered or not, and latency counts from the planned moment, so that a stall of the
server is felt by every order that it delays.
"""

import asyncio
import random
import time
from typing import Final, NamedTuple

import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.measuring import percentile
from benchmarks.trading_floor import MARK, TICK
from benchmarks.venue import DATABASES, Address, Venue, running

CONNECTIONS: Final = 64
WARM_UP: Final = 2_000
REQUESTS: Final = 10_000
RATE: Final = 500
SECONDS: Final = 20
LEVELS: Final = 200

_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


class Line:
    """One connection that is kept alive; an order is under way on it or none."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def order(self, request: bytes) -> bool:
        """Whether the answer is 201."""
        self._writer.write(request)
        head = await self._reader.readuntil(_END_OF_HEAD)
        _, _, rest = head.partition(_LENGTH)
        await self._reader.readexactly(int(rest.partition(b"\r\n")[0]))
        return head.startswith(b"HTTP/1.1 201 ")

    def close(self) -> None:
        self._writer.close()


class Orders:
    """Requests of random accounts: two of three orders rest, the others take."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._random = random.Random(7)

    def request(self) -> bytes:
        dice = self._random
        side = dice.choice((1, -1))
        ticks = dice.randint(1, LEVELS) * (1 if dice.random() < 2 / 3 else -1)
        body = (
            b'{"symbol":"BTCUSDT-PERP","side":"%s","order_type":"LIMIT","quantity":"0.0%02d",'
            b'"price":"%d","time_in_force":"%s"}'
            % (
                b"BUY" if side == 1 else b"SELL",
                dice.randint(1, 20),
                (MARK - side * ticks * TICK) // 100,
                b"GTC" if ticks > 0 else b"IOC",
            )
        )
        return (
            b"POST /v1/accounts/%d/orders HTTP/1.1\r\nhost: 127.0.0.1\r\n"
            b"authorization: Bearer %s\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%s"
            % (
                dice.choice(self._address.accounts),
                self._address.token.encode(),
                len(body),
                body,
            )
        )


class Run:
    """A measured stretch of time: what was answered, and what it took of the processors."""

    def __init__(self, venue: Venue) -> None:
        self.latencies_ns: list[int] = []
        self.refused = 0
        self._venue = venue
        self._server = venue.cpu()
        self._client = time.process_time()
        self._begun = time.perf_counter()

    def answered(self, since_ns: int, accepted: bool) -> None:
        self.latencies_ns.append(time.perf_counter_ns() - since_ns)
        self.refused += not accepted

    def measured(self) -> "Measured":
        wall = time.perf_counter() - self._begun
        client = time.process_time() - self._client
        server = self._venue.cpu() - self._server
        return Measured(wall, client, server, self.latencies_ns, self.refused)


class Measured(NamedTuple):
    wall: float
    client: float
    server: float
    latencies_ns: list[int]
    refused: int


async def as_fast_as_it_goes(venue: Venue, lines: list[Line], orders: Orders) -> Measured:
    """Every line sends its next order when the last one is answered."""
    left = WARM_UP

    async def keep_sending(line: Line, run: Run) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            since_ns = time.perf_counter_ns()
            run.answered(since_ns, await line.order(orders.request()))

    run = Run(venue)
    await asyncio.gather(*(keep_sending(line, run) for line in lines))
    left, run = REQUESTS, Run(venue)
    await asyncio.gather(*(keep_sending(line, run) for line in lines))
    return run.measured()


async def at_a_rate(venue: Venue, lines: list[Line], orders: Orders) -> Measured:
    """An order every 1/RATE s on a line that is free; if none is, it waits and its time runs."""
    free: asyncio.Queue[Line] = asyncio.Queue()
    for line in lines:
        free.put_nowait(line)
    run = Run(venue)

    async def send(planned_ns: int) -> None:
        line = await free.get()
        run.answered(planned_ns, await line.order(orders.request()))
        free.put_nowait(line)

    begun_ns = time.perf_counter_ns()
    async with asyncio.TaskGroup() as group:
        for number in range(RATE * SECONDS):
            planned_ns = begun_ns + number * 10**9 // RATE
            ahead_ns = planned_ns - time.perf_counter_ns()
            if ahead_ns > 0:
                await asyncio.sleep(ahead_ns / 1e9)
            group.create_task(send(planned_ns))
    return run.measured()


async def measure(venue: Venue) -> list[tuple[str, Measured]]:
    lines = [
        Line(*await asyncio.open_connection("127.0.0.1", venue.address.port))
        for _ in range(CONNECTIONS)
    ]
    orders = Orders(venue.address)
    found = [
        ("as fast as it goes", await as_fast_as_it_goes(venue, lines, orders)),
        (f"{RATE} a second", await at_a_rate(venue, lines, orders)),
    ]
    for line in lines:
        line.close()
    return found


def table() -> Table:
    table = Table(
        title=f"Orders over HTTP, {CONNECTIONS} connections, durable commits, full tables"
    )
    for column in ("database", "orders", "acknowledged/s", "p50 ms", "p99 ms", "p99.9 ms"):
        table.add_column(column, justify="right")
    for column in ("refused", "server, cores", "load generator, cores", "its share"):
        table.add_column(column, justify="right")
    for database in DATABASES:
        with (
            running(database) as venue,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            for name, measured in runner.run(measure(venue)):
                table.add_row(database, name, *_row(measured))
    return table


def _row(measured: Measured) -> list[str]:
    latencies = measured.latencies_ns
    used = measured.client + measured.server
    return [
        f"{(len(latencies) - measured.refused) / measured.wall:,.0f}",
        *(f"{percentile(latencies, percent) / 1e6:,.2f}" for percent in (50, 99, 99.9)),
        f"{measured.refused:,}",
        f"{measured.server / measured.wall:.2f}",
        f"{measured.client / measured.wall:.2f}",
        f"{measured.client / used:.0%}",
    ]


if __name__ == "__main__":
    Console(width=150).print(table())
