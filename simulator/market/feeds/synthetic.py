"""A seeded market of its own: index prices for a practice world that follows nobody.

The feed gives the prices of one moment after another; `PriceWalk` moves them, through spells of
calm, trend and shock. Same seed, same steps: same prices, on any machine. After a restart it goes
on from the prices that the world last had.
"""

from collections.abc import Mapping, Sequence

from simulator.core.model.commands import SetIndexPrices
from simulator.market.feeds.history import History, warm_up_history
from simulator.market.feeds.price_walk import PriceWalk, SyntheticInstrument
from simulator.market.feeds.regimes import SyntheticConfig


class SyntheticFeed:
    """Prices of several instruments; the first ones are the starting prices."""

    def __init__(
        self,
        seed: int,
        instruments: Sequence[SyntheticInstrument],
        config: SyntheticConfig | None = None,
        time_ns: int = 0,
    ) -> None:
        self.config = SyntheticConfig() if config is None else config
        self.instruments = tuple(instruments)
        self.time_ns = time_ns
        self._seed = seed
        self._walk = PriceWalk(seed, self.instruments, self.config)

    def current(self) -> SetIndexPrices:
        """The prices as they stand."""
        return SetIndexPrices(tuple(self._walk.prices().items()))

    def next(self, time_step_ns: int) -> SetIndexPrices:
        """The prices after so much more world time."""
        if time_step_ns <= 0:
            raise ValueError(f"time_step_ns is {time_step_ns}: it should be positive")
        self.time_ns += time_step_ns
        self._walk.step(self.time_ns, time_step_ns)
        return self.current()

    def resume(self, time_ns: int, prices: Mapping[int, int]) -> None:
        """Goes on at another time, from the prices given (by instrument id)."""
        known = {each.instrument_id for each in self.instruments}
        self.time_ns = time_ns
        self._walk.reset({key: price for key, price in prices.items() if key in known})

    def history(self, end_ns: int, days: int = 365, minute_days: int = 14) -> History:
        """Warm-up bars that end at `end_ns`, exactly at the starting prices."""
        return warm_up_history(self._seed, self.instruments, self.config, end_ns, days, minute_days)
