"""Worlds: what is public in them, and their control by their owner.

`world` is the client's own unless it is given, and `practice` if it has none.
"""

from typing import Any

from simulator.client.answers import CandleSource, ListOrder, Page
from simulator.client.borrowing_answers import Assets
from simulator.client.core import Call, Core, Parameters, Work
from simulator.client.endpoints import endpoint, listing
from simulator.client.numbers import Number, decimal_text
from simulator.client.public import (
    Candle,
    Depth,
    FundingRate,
    InstrumentDetail,
    Instruments,
    Marks,
    PublicTrade,
    Statistics,
    World,
    Worlds,
)


class WorldMethods:
    core: Core

    @endpoint
    def worlds(self) -> Work[Worlds]:
        """The worlds of the server."""
        call: Call[Worlds] = Call(method="GET", path="/worlds", answer=Worlds, repeatable=True)
        return self.core.work(call)

    @endpoint
    def world(self, world: str | None = None) -> Work[World]:
        """Status and clock."""
        return self.core.work(_read(self.core, "", World, {}, world))

    @endpoint
    def instruments(self, *, world: str | None = None) -> Work[Instruments]:
        return self.core.work(_read(self.core, "/instruments", Instruments, {}, world))

    @endpoint
    def instrument(self, symbol: str, *, world: str | None = None) -> Work[InstrumentDetail]:
        """An instrument with its risk tiers."""
        return self.core.work(
            _read(self.core, f"/instruments/{symbol}", InstrumentDetail, {}, world)
        )

    @endpoint
    def depth(self, symbol: str, levels: int = 20, *, world: str | None = None) -> Work[Depth]:
        """The best levels of the book."""
        return self.core.work(
            _read(self.core, f"/depth/{symbol}", Depth, {"levels": levels}, world)
        )

    @endpoint
    def marks(self, *, world: str | None = None) -> Work[Marks]:
        """Index, mark and last price of every instrument."""
        return self.core.work(_read(self.core, "/marks", Marks, {}, world))

    @endpoint
    def assets(self, *, world: str | None = None) -> Work[Assets]:
        """What wallets may hold: haircuts, and what may be borrowed at which rate."""
        return self.core.work(_read(self.core, "/assets", Assets, {}, world))

    @endpoint
    def statistics(self, *, world: str | None = None) -> Work[Statistics]:
        """The last 24 hours of every instrument."""
        return self.core.work(_read(self.core, "/statistics", Statistics, {}, world))

    @listing
    def trades(
        self,
        symbol: str,
        *,
        after: str | None = None,
        limit: int = 100,
        order: ListOrder = "NEWEST",
        world: str | None = None,
    ) -> Call[Page[PublicTrade]]:
        params = {"after": after, "limit": limit, "order": order}
        return _read(self.core, f"/trades/{symbol}", Page[PublicTrade], params, world)

    @listing
    def funding_rates(
        self,
        symbol: str,
        *,
        after: str | None = None,
        limit: int = 100,
        order: ListOrder = "NEWEST",
        world: str | None = None,
    ) -> Call[Page[FundingRate]]:
        """The settled funding rates of an instrument; the coming one is among the marks."""
        params = {"after": after, "limit": limit, "order": order}
        return _read(self.core, f"/funding/{symbol}", Page[FundingRate], params, world)

    @listing
    def candles(
        self,
        symbol: str,
        interval: str = "1m",
        *,
        source: CandleSource = "LAST",
        after: str | None = None,
        limit: int = 100,
        order: ListOrder = "NEWEST",
        world: str | None = None,
    ) -> Call[Page[Candle]]:
        """Candles of last, mark or index price. Where nothing traded there is no LAST candle."""
        params = {
            "interval": interval,
            "source": source,
            "after": after,
            "limit": limit,
            "order": order,
        }
        return _read(self.core, f"/candles/{symbol}", Page[Candle], params, world)

    # -- control -----------------------------------------------------------------------------------

    @endpoint
    def create_world(
        self, world: str, *, title: str | None = None, seed: int | None = None
    ) -> Work[World]:
        """A practice-like world that belongs to the caller."""
        body = {"world": world, "title": title, "seed": seed}
        body = {name: value for name, value in body.items() if value is not None}
        call: Call[World] = Call(method="POST", path="/worlds", answer=World, body=body)
        return self.core.work(call)

    @endpoint
    def pause_world(self, world: str | None = None) -> Work[World]:
        return _control(self.core, "/pause", None, world)

    @endpoint
    def resume_world(self, world: str | None = None) -> Work[World]:
        return _control(self.core, "/resume", None, world)

    @endpoint
    def set_world_speed(self, speed: Number, world: str | None = None) -> Work[World]:
        """World seconds per second."""
        return _control(self.core, "/speed", {"speed": decimal_text(speed)}, world)

    @endpoint
    def step_world(self, milliseconds: int, world: str | None = None) -> Work[World]:
        """Moves a stepped or paused world forward."""
        return _control(self.core, "/step", {"milliseconds": milliseconds}, world)


def _read(core: Core, path: str, answer: Any, params: Parameters, world: str | None) -> Call[Any]:
    return Call(
        method="GET",
        path=core.world_path(path, world),
        answer=answer,
        params=params,
        repeatable=True,
    )


def _control(core: Core, path: str, body: dict[str, Any] | None, world: str | None) -> Work[World]:
    call: Call[World] = Call(
        method="POST", path=core.world_path(path, world), answer=World, body=body
    )
    return core.work(call)
