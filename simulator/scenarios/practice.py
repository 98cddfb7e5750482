"""The practice world: synthetic prices, a market maker and noise traders per instrument.

Those of a perpetual have money in CROSS, those of a spot instrument money and a stock in SPOT.
Everything comes from `config/worlds/*.toml`. Opened again, the world goes on from its journal;
its agents are built anew and find their accounts by their place.
"""

from collections.abc import Sequence

from simulator.config.exchange import ExchangeConfig
from simulator.config.world import WorldConfig
from simulator.core.model.commands import AnyCommand
from simulator.market.bots.agents import BotAgent, FollowedFeed, SyntheticAgent
from simulator.market.bots.market_maker import MarketMaker
from simulator.market.bots.noise import NoiseTrader
from simulator.market.feeds.synthetic import SyntheticFeed
from simulator.runtime.ports import Agent
from simulator.scenarios.cast import account_at, open_member


def genesis(config: WorldConfig, exchange: ExchangeConfig) -> list[AnyCommand]:
    """The first commands of the world: instruments, the insurance fund, the cast."""
    listed = {each.listed.terms.symbol: each.listed for each in config.instruments}
    commands = exchange._replace(instruments=listed).genesis(listed, config.fund_deposit)
    place = 0
    for each in config.instruments:
        stock = each.maker.max_inventory
        commands += open_member(place, config.maker_deposit, each.listed.terms, stock, True)
        place += 1
    for each in config.instruments:
        stock = each.noise.max_inventory
        for _ in range(config.noise_traders):
            commands += open_member(place, config.noise_deposit, each.listed.terms, stock, False)
            place += 1
    return commands


def synthetic_feed(config: WorldConfig) -> SyntheticFeed:
    """The feed at its starting prices."""
    return SyntheticFeed(
        config.seed, [each.synthetic for each in config.instruments], config.synthetic
    )


def agents(config: WorldConfig, time_ns: int) -> Sequence[Agent]:
    """Feed and bots, ready to act from a world time on. Makers follow every price at once."""
    makers = [
        MarketMaker(account_at(place), each.listed.terms, each.maker)
        for place, each in enumerate(config.instruments)
    ]
    feed = FollowedFeed(SyntheticAgent(synthetic_feed(config), time_ns), makers)
    found: list[Agent] = [feed]
    place = len(makers)
    for each in config.instruments:
        for _ in range(config.noise_traders):
            seed = config.seed * 1_000_003 + place
            bot = NoiseTrader(account_at(place), each.listed.terms, each.noise, seed)
            found.append(BotAgent(bot, time_ns))
            place += 1
    return found
