"""Feeds and bots as the agents that the runtime drives, each with a next moment of world time.

The runtime wakes the agent whose moment has come and submits the commands that it returns, one
agent after the other, so that the next one sees their effect. An agent reads the state and never
changes it. It can be built anew from (config, seed, world time, state) and then goes on; none of
them needs anything that would have to be saved.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from simulator.core.model.commands import AnyCommand
from simulator.core.state.exchange_state import ExchangeState
from simulator.market.feeds.paths import MAX_INTERVAL_NS, TimedPrices
from simulator.market.feeds.synthetic import SyntheticFeed
from simulator.runtime.ports import Agent


class Bot(Protocol):
    """A trader that says when it wants to act next: market makers and noise traders."""

    def next_wake(self, time_ns: int) -> int: ...

    def wake(self, time_ns: int, state: ExchangeState) -> list[AnyCommand]: ...


class BotAgent:
    """A bot on its own schedule."""

    def __init__(self, bot: Bot, time_ns: int) -> None:
        self._bot = bot
        self.next_wake_ns: int | None = bot.next_wake(time_ns)

    def wake(self, time_ns: int, state: ExchangeState) -> list[AnyCommand]:
        self.next_wake_ns = self._bot.next_wake(time_ns)
        return self._bot.wake(time_ns, state)


class SyntheticAgent:
    """A synthetic feed on the grid of its interval, going on from the index prices of the state."""

    def __init__(self, feed: SyntheticFeed, time_ns: int) -> None:
        self._feed = feed
        self._interval_ns = feed.config.interval_ns
        self._started = False
        self.next_wake_ns: int | None = time_ns

    def wake(self, time_ns: int, state: ExchangeState) -> list[AnyCommand]:
        """One step; at first the prices of the state, or in a new world the starting prices."""
        self.next_wake_ns = (time_ns // self._interval_ns + 1) * self._interval_ns
        if not self._started:
            self._started = True
            self._feed.resume(time_ns, _index_prices(state))
            return [self._feed.current()]
        return [self._feed.next(time_ns - self._feed.time_ns)]


def _index_prices(state: ExchangeState) -> dict[int, int]:
    return {
        instrument_id: record.index_price
        for instrument_id, record in state.instruments.items()
        if record.index_price is not None
    }


class ReplayAgent:
    """A replay of timed prices, one moment per wake, until there are no more."""

    def __init__(self, moments: Iterable[TimedPrices]) -> None:
        """After a restart the moments are those of `replay_commands(..., after_ns=world time)`."""
        self._moments = iter(moments)
        self._pending = next(self._moments, None)

    @property
    def next_wake_ns(self) -> int | None:
        return None if self._pending is None else self._pending[0]

    def wake(self, time_ns: int, state: ExchangeState) -> list[AnyCommand]:
        """Moments that are due already follow one per wake, so that none is left out."""
        if self._pending is None or self._pending[0] > time_ns:
            return []
        _, command = self._pending
        self._pending = next(self._moments, None)
        return [command]


class FollowedFeed:
    """A feed whose prices some bots follow at once, whatever their own schedule.

    The wake after each price, at the same world time, is theirs: by then the price has been
    executed. This keeps makers at the market in a replay, whose moments are uneven. After a hole
    they are woken before the price as well, so that what stands from before the hole is taken out
    of the book while the instrument is still halted.
    """

    def __init__(self, feed: Agent, followers: Sequence[Bot]) -> None:
        self._feed = feed
        self._followers = tuple(followers)
        self._priced_ns: int | None = None
        """When the feed last gave prices."""
        self._to_follow = False
        self._prepared = False

    @property
    def next_wake_ns(self) -> int | None:
        return self._priced_ns if self._to_follow else self._feed.next_wake_ns

    def wake(self, time_ns: int, state: ExchangeState) -> list[AnyCommand]:
        """A price, or what the followers make of it."""
        if self._to_follow or (not self._prepared and self._is_after_hole(time_ns)):
            self._prepared = not self._to_follow
            self._to_follow = False
            return [each for bot in self._followers for each in bot.wake(time_ns, state)]
        commands = list(self._feed.wake(time_ns, state))
        if commands:
            self._priced_ns, self._prepared = time_ns, False
            self._to_follow = bool(self._followers)
        return commands

    def _is_after_hole(self, time_ns: int) -> bool:
        return self._priced_ns is None or time_ns - self._priced_ns > MAX_INTERVAL_NS
