"""One command at work: the state it reads, and `emit`, through which alone it changes anything."""

from simulator.core.model.enums import PositionSide
from simulator.core.model.events import AnyEvent
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.rules.risk_watch import RiskWatch
from simulator.core.rules.sampling import Samples
from simulator.core.state.apply import HANDLERS
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Order, Position


class Excess:
    """LIQ-7: what the insurance fund cannot take of a position in liquidation.

    Equity and total notional are the unit's, as they were when the fund took its part: whoever
    takes the excess does so at the same price.
    """

    __slots__ = ("equity", "position", "quantity", "total_notional")

    def __init__(self, position: Position, quantity: int, equity: int, total_notional: int) -> None:
        self.position = position
        self.quantity = quantity
        self.equity = equity
        self.total_notional = total_notional

    @property
    def side(self) -> PositionSide:
        return self.position.side

    def of(self, quantity: int) -> "Excess":
        """Another quantity at the same price."""
        return Excess(self.position, quantity, self.equity, self.total_notional)


class Execution:
    """Collects the events of one command. An emitted event has happened by the next line."""

    __slots__ = ("events", "excess", "list_news", "met_triggers", "samples", "state", "watch")

    def __init__(self, state: ExchangeState, watch: RiskWatch, samples: Samples) -> None:
        self.state = state
        self.watch = watch
        self.samples = samples
        self.events: list[AnyEvent] = []
        self.met_triggers: dict[int, None] = {}
        """Orders whose triggers a price met, in that order; they fire when the rule is done."""
        self.list_news: list[tuple[Order, int]] = []
        """Orders of lists and what of them filled, 0 where one ended; see `order_lists`."""
        self.excess: dict[int, Excess] = {}
        """Per unit what is left for auto-deleveraging, (7) of TIME-1."""

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
