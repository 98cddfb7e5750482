"""Kills the server in the middle of trading, again and again, and proves that nothing is lost.

    python -m tests.e2e.crash --rounds 100 --seed 7 --database postgres

Each round: several traders pipeline orders over websockets and guests join; after a random time
the process gets SIGKILL. Then every acknowledgement must be in the journal and the tables, the
journal must execute again to the same events and hashes, and the restarted server must go on:
marks move, and a repeated client order id gives its first result (ORD-7). Some restarts are killed
as well, and so is the creation of the world. At the end `simulator verify` and `simulator rebuild`
must agree, and the ledger must sum to zero. The seed fixes what is drawn, not how far the
processes come in a given time.
"""

import argparse
import asyncio
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from simulator.database.engine import masked, open_engine, reading
from simulator.database.rebuild import dump
from tests.databases import KINDS, VARIABLE, Databases, databases_of
from tests.e2e.audit import WORLD, Shadow, audit, check_ledger
from tests.e2e.process import (
    SYMBOLS,
    Home,
    Server,
    ServerFailedError,
    make_small_home,
    run_simulator,
)
from tests.e2e.promises import Json, Promises, Units
from tests.e2e.trader import ANSWER_SECONDS, Newcomers, Trader, bearer, join

TRADERS: Final = 4
BIRTHS: Final = 2
"""How often the creation of the world is killed before it may finish."""

INTERRUPTED_RESTARTS: Final = 0.2
MOST_REPEATS: Final = 40
"""Acknowledged orders per trader that are asked for once more after a restart."""

MARK_SECONDS: Final = 15
END_SECONDS: Final = 10
REPORT_WIDTH: Final = 120


class Violation(Exception):
    """A promise was broken; the message says which."""


class Row(NamedTuple):
    """The numbers of one round."""

    number: int
    traded_ms: int
    acknowledged: int
    refused: int
    fills: int
    unanswered: int
    unanswered_done: int
    """Of those without an answer: how many were in the journal all the same."""
    entries: int
    interrupted: bool
    """Whether the restart was killed once, too."""
    folded: int
    recovery_ms: int
    repeated: int


class Crashes:
    """See the module."""

    def __init__(self, home: Home, databases: Databases, seed: int) -> None:
        self.rows: list[Row] = []
        self.promises: Promises | None = None
        """Those of the last life that was killed."""
        self._home = home
        self._databases = databases
        self._dice = random.Random(seed)
        self._shadow = Shadow()
        self._server: Server | None = None
        self._traders: list[Trader] = []
        self._units: dict[str, Units] = {}

    async def run(self, rounds: int, console: Console) -> None:
        """All rounds and the end.

        Raises:
            Violation: a promise was broken; nothing more is tried.
            ServerFailedError: the server did not come up again, or did not stop.
        """
        try:
            await self._begin()
            for number in range(1, rounds + 1):
                await self._round(number)
                console.print(_line(self.rows[-1]), highlight=False, soft_wrap=True)
            await self._end()
        finally:
            for trader in self._traders:
                await trader.disconnect()
            if self._server is not None:
                self._server.kill()

    # -- the beginning and the end -----------------------------------------------------------------

    async def _begin(self) -> None:
        """Lets the world be born in spite of kills, and traders join it."""
        for _ in range(BIRTHS):
            await self._interrupt()
        self._start()
        async with httpx.AsyncClient(base_url=self._running.url, timeout=ANSWER_SECONDS) as client:
            listed = await client.get(f"/v1/worlds/{WORLD}/instruments")
            self._units = {each["symbol"]: _units(each) for each in listed.json()["items"]}
            promises = Promises(self._units)
            for number in range(TRADERS):
                dice = random.Random(self._dice.getrandbits(64) + number)
                self._traders.append(Trader(await join(client), promises, dice))
        if tuple(self._units) != SYMBOLS:
            raise Violation(f"the world was born with {list(self._units)}")
        query = "SELECT DISTINCT instrument_id, source, interval_s FROM warm_up_candles"
        engine = open_engine(self._home.url)
        with reading(engine) as connection:
            series = len(connection.execute(text(query)).all())
        engine.dispose()
        if series != 2 * len(SYMBOLS):
            raise Violation(f"the world was born with {series} warm-up series of candles")
        await self._connect(promises)

    async def _end(self) -> None:
        """A clean stop, and the three proofs of a whole journal."""
        for trader in self._traders:
            await trader.disconnect()
        code = self._running.stop()
        if code != 0 or "everything acknowledged is on disk" not in self._running.output():
            raise Violation(f"SIGTERM ended with {code}:\n{self._running.output()}")
        self._server = None
        home, promises = self._home, self._traders[0].promises
        _expect(audit(self._databases.copy(home.url), promises, self._shadow))
        verified = run_simulator(home, "verify", WORLD)
        if verified.returncode != 0:
            raise Violation(f"verify says no:\n{verified.stdout}{verified.stderr}")
        engine = open_engine(home.url)
        try:
            before = dump(engine, WORLD)
            rebuilt = run_simulator(home, "rebuild", WORLD)
            if rebuilt.returncode != 0:
                raise Violation(f"rebuild failed:\n{rebuilt.stdout}{rebuilt.stderr}")
            after = dump(engine, WORLD)
            with reading(engine) as connection:
                broken = list(check_ledger(connection))
        finally:
            engine.dispose()
        differing = [name for name, rows in before.items() if rows != after[name]]
        if differing or not before["trades"]:
            raise Violation(f"rebuild made other tables: {differing}")
        _expect(broken)

    # -- one round ---------------------------------------------------------------------------------

    async def _round(self, number: int) -> None:
        promises = self._traders[0].promises
        before = self._shadow.seq
        begun = time.perf_counter()
        newcomers = Newcomers(self._running.url, promises, random.Random(self._dice.random()))
        async with asyncio.TaskGroup() as group:
            for trader in self._traders:
                group.create_task(trader.trade(f"round-{number}"))
            group.create_task(newcomers.keep_coming())
            await asyncio.sleep(self._dice.uniform(0.2, 2))
            self._running.kill()
            traded = time.perf_counter() - begun
        await self._see_the_end()
        self.promises = promises
        _expect(audit(self._databases.copy(self._home.url), promises, self._shadow))
        entries = self._shadow.seq - before
        interrupted = self._dice.random() < INTERRUPTED_RESTARTS
        if interrupted:
            await self._interrupt()
        recovery = self._start()
        folded = self._check_recovered(interrupted)
        await self._connect(Promises(self._units))
        repeated = await self._check_restart(promises)
        unanswered = promises.unanswered
        self.rows.append(
            Row(
                number=number,
                traded_ms=int(traded * 1000),
                acknowledged=promises.acknowledgements,
                refused=promises.refusals,
                fills=len(promises.trades),
                unanswered=len(unanswered),
                unanswered_done=sum(key in self._shadow.client_orders for key in unanswered),
                entries=entries,
                interrupted=interrupted,
                folded=folded,
                recovery_ms=int(recovery * 1000),
                repeated=repeated,
            )
        )

    async def _see_the_end(self) -> None:
        """Every trader reads what still arrives of a dead server, to the last byte."""
        async with asyncio.timeout(END_SECONDS):
            for trader in self._traders:
                await trader.disconnect()

    async def _interrupt(self) -> None:
        """A start that is killed before it is done, or just after."""
        server = Server(self._home)
        await asyncio.sleep(self._dice.uniform(0.5, 2.5))
        server.kill()

    # -- the restart -------------------------------------------------------------------------------

    @property
    def _running(self) -> Server:
        if self._server is None:
            raise AssertionError("the server is running")
        return self._server

    def _start(self) -> float:
        """Starts the server; returns the seconds until it served."""
        self._server = Server(self._home)
        return self._server.wait_until_ready()

    async def _connect(self, promises: Promises) -> None:
        """Connects all traders, and sees that the world goes on: every instrument is open."""
        for trader in self._traders:
            trader.promises = promises
            await trader.connect(self._running.websocket_url)
        try:
            async with asyncio.timeout(MARK_SECONDS):
                for trader in self._traders:
                    await trader.wait_for_marks(self._shadow.seq, SYMBOLS)
        except TimeoutError:
            raise Violation(f"instruments have no new mark within {MARK_SECONDS} s") from None

    def _check_recovered(self, interrupted: bool) -> int:
        """It recovered exactly what was on disk; an interrupted restart may have gone on."""
        opened = self._running.logged("world opened")
        seq: int = opened["seq"]
        if seq < self._shadow.seq or (seq > self._shadow.seq and not interrupted):
            raise Violation(f"recovered seq {seq}, the journal ended at {self._shadow.seq}")
        folded: int = opened["folded"]
        return folded

    async def _check_restart(self, promises: Promises) -> int:
        """What was promised before the kill holds after it; returns the repeats that were tried."""
        repeated = 0
        for trader in self._traders:
            repeated += await self._check_repeats(trader, promises)
        async with httpx.AsyncClient(base_url=self._running.url, timeout=ANSWER_SECONDS) as client:
            for guest in promises.joined:
                url = f"/v1/accounts/{guest.account_id}/wallets"
                answer = await client.get(url, headers=bearer(guest.token))
                if answer.status_code != 200:
                    raise Violation(f"the guest of {guest} is not known: {answer.text}")
                total = sum(int(wallet["balance"]) for wallet in answer.json()["items"])
                if total != 100_000:
                    raise Violation(f"the guest of {guest} has {total} USDT")
        return repeated

    async def _check_repeats(self, trader: Trader, promises: Promises) -> int:
        """ORD-7 across a crash: asked again, an order gives its first result and no second one."""
        own = [key for key in promises.requests if key[0] == trader.account_id]
        answered = [key for key in own if key in promises.placed]
        chosen = self._dice.sample(answered, min(MOST_REPEATS, len(answered)))
        chosen += [key for key in own if key not in promises.placed]
        for key in chosen:
            if key not in self._shadow.client_orders:
                trader.promises.requests[key] = promises.requests[key]
        answers = await trader.ask_all([promises.requests[key] for key in chosen])
        for key, answer in zip(chosen, answers, strict=True):
            self._check_repeat(key, answer)
        if chosen:
            other = {**promises.requests[chosen[0]], "quantity": "0.5"}
            answer = await trader.ask(other)
            code = answer.get("error", {}).get("code")
            if code != "DUPLICATE_CLIENT_ORDER_ID":
                raise Violation(f"another order with the id of {chosen[0]} gave {answer}")
        return len(chosen)

    def _check_repeat(self, key: tuple[int, str], answer: Json) -> None:
        known = self._shadow.client_orders.get(key)
        result = answer.get("result", {})
        if known is None:
            if result.get("repeated", False):
                raise Violation(f"order {key} was not in the journal, yet is repeated: {answer}")
            return
        order_id, refusal = known
        if refusal is not None:
            if answer.get("error", {}).get("code") != refusal:
                raise Violation(f"order {key} was refused with {refusal}, now gives {answer}")
        elif not result.get("repeated") or result["order"]["order_id"] != order_id:
            raise Violation(f"order {key} was order {order_id}, now gives {answer}")


def _units(instrument: Json) -> Units:
    decimals = instrument["price_decimals"]
    whole, _, fraction = instrument["tick_size"].partition(".")
    tick = int(whole + fraction.ljust(decimals, "0"))
    return Units(decimals, instrument["quantity_decimals"], tick)


def _expect(violations: list[str]) -> None:
    if violations:
        shown = "\n".join(violations[:20])
        raise Violation(f"{len(violations)} broken promises:\n{shown}")


# -- the report ------------------------------------------------------------------------------------


def _line(row: Row) -> str:
    return (
        f"round {row.number}: killed after {row.traded_ms} ms, {row.acknowledged:,} acknowledged, "
        f"{row.unanswered} unanswered, up again after {row.recovery_ms} ms"
    )


COLUMNS: Final = (
    "round", "ms", "answered", "refused", "fills", "unanswered", "done", "entries",
    "restart", "folded", "ready ms", "repeated",
)  # fmt: skip
CAPTION: Final = (
    "ms: from the first order to SIGKILL · done: how many of the unanswered were in the journal "
    "all the same · restart: whether it was killed, too · folded: entries after the last "
    "snapshot · ready ms: from launch to first answer · repeated: orders asked for once more"
)


def table(rows: list[Row]) -> Table:
    found = Table(title="Killed in the middle of trading", caption=CAPTION)
    for name in COLUMNS:
        found.add_column(name, justify="right")
    for row in rows:
        found.add_row(*(_cell(each) for each in row))
    return found


def _cell(value: int) -> str:
    if isinstance(value, bool):
        return "killed" if value else ""
    return f"{value:,}"


def summary(rows: list[Row]) -> str:
    times = [row.recovery_ms for row in rows]
    return (
        f"{len(rows)} rounds, {sum(row.acknowledged for row in rows):,} acknowledgements and "
        f"{sum(row.fills for row in rows):,} fills checked, "
        f"{sum(row.unanswered for row in rows):,} unanswered orders "
        f"({sum(row.unanswered_done for row in rows):,} of them done), "
        f"{sum(row.repeated for row in rows):,} orders repeated, "
        f"{sum(row.entries for row in rows):,} journal entries; recovery median "
        f"{statistics.median(times):,.0f} ms, longest {max(times):,} ms: "
        "nothing acknowledged is missing"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.crash", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--database", choices=KINDS, default="sqlite", help=f"postgres is the one of {VARIABLE}"
    )
    options = parser.parse_args()
    console = Console()
    if not console.is_terminal:
        console = Console(width=REPORT_WIDTH)
    folder = Path(tempfile.mkdtemp(prefix="simulator-crash-"))
    databases = databases_of(options.database, folder)
    home = make_small_home(folder, databases.create())
    crashes = Crashes(home, databases, options.seed)
    try:
        asyncio.run(crashes.run(options.rounds, console))
    except (Violation, ServerFailedError) as violation:
        console.print(table(crashes.rows))
        console.print(f"{violation}\n{masked(home.url)} and {folder} are kept", markup=False)
        return 1
    console.print(table(crashes.rows))
    console.print(summary(crashes.rows), highlight=False, soft_wrap=True)
    databases.drop_all()
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
