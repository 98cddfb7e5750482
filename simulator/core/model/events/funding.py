"""Events of the samples that mark and funding are made of, and of funding itself."""

from simulator.core.model.enums import PositionSide
from simulator.core.model.events.base import Event


class PricesSampled(Event, frozen=True, tag=32):
    """MARK-2, FND-1: what held at the sample moments passed, up to second `until_second`.

    `mids` are `(instrument_id, bid + ask - 2 * index)` in price units, each sampled `mid_count`
    times; `premiums` are `(instrument_id, times sampled, premium rate)`.
    """

    until_second: int
    mid_count: int
    mids: tuple[tuple[int, int], ...]
    premiums: tuple[tuple[int, int, int], ...]


class FundingScheduled(Event, frozen=True, tag=33):
    """FND-2: the first stamp of an instrument, set when it has its first index price."""

    instrument_id: int
    time_ns: int


class FundingRatesSet(Event, frozen=True, tag=34):
    """FND-1: recorded rates `(instrument_id, rate)` for the coming stamps."""

    rates: tuple[tuple[int, int], ...]


class FundingSettled(Event, frozen=True, tag=35):
    """FND-1: the rate of a stamp is fixed, and the mark at which positions pay; payments follow.

    `average_premium` is none where the rate was a recorded one.
    """

    instrument_id: int
    stamp_ns: int
    rate: int
    mark_price: int
    average_premium: int | None
    next_stamp_ns: int


class FundingSkipped(Event, frozen=True, tag=36):
    """MAT-2: the instrument was halted at its stamp; nobody pays."""

    instrument_id: int
    stamp_ns: int
    next_stamp_ns: int


class FundingPaid(Event, frozen=True, tag=37):
    """FND-2: one position's payment (received if negative); the transfer follows."""

    instrument_id: int
    stamp_ns: int
    account_id: int
    wallet_id: int
    position_side: PositionSide
    quantity: int
    """Signed, as the position's."""
    amount: int


class FundingCompleted(Event, frozen=True, tag=38):
    """FND-2: all of a stamp's payments are made; `remainder` went to the insurance fund."""

    instrument_id: int
    stamp_ns: int
    paid: int
    remainder: int
