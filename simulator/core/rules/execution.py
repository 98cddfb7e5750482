"""One command at work: the state it reads, and `emit`, through which alone it changes anything."""

from simulator.core.model.events import AnyEvent
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.rules.risk_watch import RiskWatch
from simulator.core.rules.sampling import Samples
from simulator.core.state.apply import HANDLERS
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Order


class Execution:
    """Collects the events of one command. An emitted event has happened by the next line."""

    __slots__ = ("events", "list_news", "met_triggers", "samples", "state", "watch")

    def __init__(self, state: ExchangeState, watch: RiskWatch, samples: Samples) -> None:
        self.state = state
        self.watch = watch
        self.samples = samples
        self.events: list[AnyEvent] = []
        self.met_triggers: dict[int, None] = {}
        """Orders whose triggers a price met, in that order; they fire when the rule is done."""
        self.list_news: list[tuple[Order, int]] = []
        """Orders of lists and what of them filled, 0 where one ended; see `order_lists`."""

    def emit(self, event: AnyEvent) -> None:
        self.events.append(event)
        HANDLERS[type(event)](self.state, event)

    def sample(self, until_ns: int) -> None:
        """Samples the moments up to `until_ns`, before the clock moves there."""
        event = self.samples.take(self.state, until_ns)
        if event is not None:
            self.emit(event)


def refuse(
    reason: RejectReason, needed: int | None = None, available: int | None = None
) -> Refusal:
    """A refusal with its numbers (ORD-10)."""
    return Refusal(reason, needed, available)
