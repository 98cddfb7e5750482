"""What the exchange answers to lists, batches and dead man's switches: see `answers`."""

from simulator.client.answers import Answer, Fill, ListType, Order, OrderResult
from simulator.client.errors import Problem


class OrderListResult(Answer, frozen=True):
    """The orders of a list as the command left them, and what they traded at once."""

    list_id: int
    list_type: ListType
    orders: list[Order]
    fills: list[Fill]
    seq: int
    time: int
    repeated: bool = False


class BatchItem(Answer, frozen=True):
    """One order of a batch: its result, or why there is none."""

    result: OrderResult | None
    error: Problem | None


class BatchResult(Answer, frozen=True):
    """In the order of the request."""

    items: list[BatchItem]


class Countdown(Answer, frozen=True):
    """When the dead man's switch cancels, in world time; None: it is not armed."""

    symbol: str | None
    due: int | None
    seq: int


class Countdowns(Answer, frozen=True):
    items: list[Countdown]
