"""Shapes of making and controlling a world of one's own."""

from typing import Annotated

import msgspec

from simulator.api.shapes.base import PRINTABLE, DecimalText, MarketStateName, RequestShape, Shape

WorldSlug = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]{2,39}$")]
"""Small letters, digits and dashes: it stands in paths."""


class WorldRequest(RequestShape):
    """A world like the practice world. The same seed gives the same prices."""

    world: WorldSlug
    title: Annotated[str, msgspec.Meta(max_length=80, pattern=PRINTABLE)] | None = None
    seed: Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)] | None = None


class SpeedRequest(RequestShape):
    """World seconds per second: "0.25" to "10000"."""

    speed: DecimalText


class MarketStateRequest(RequestShape):
    """MAT-2. `settlement_price` goes with CLOSED; null settles at the last mark."""

    state: MarketStateName
    settlement_price: DecimalText | None = None


class InstrumentState(Shape, frozen=True):
    """How an instrument trades from now on."""

    symbol: str
    market_state: MarketStateName
    seq: int


class StepRequest(RequestShape):
    """How much world time is to pass, at most an hour at a time."""

    milliseconds: Annotated[int, msgspec.Meta(ge=1, le=3_600_000)]
