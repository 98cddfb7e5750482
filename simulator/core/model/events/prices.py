"""Events of prices: index and mark."""

from simulator.core.model.events.base import Event


class IndexPriceUpdated(Event, frozen=True, tag=30):
    instrument_id: int
    price: int


class MarkPriceUpdated(Event, frozen=True, tag=31):
    instrument_id: int
    price: int
