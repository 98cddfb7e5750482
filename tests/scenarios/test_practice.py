"""The practice world as it ships: perpetuals and spot side by side, alive and at one index."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from simulator.config.exchange import ExchangeConfig, load_exchange
from simulator.config.world import WorldConfig, load_world
from simulator.core.exchange import Exchange
from simulator.core.model.commands import AnyCommand, SetIndexPrices
from simulator.core.model.enums import InstrumentKind, Side
from simulator.core.model.events import AnyEvent, CommandRejected, OrderRejected, TradeExecuted
from simulator.core.model.instruments import VALUATION_ASSET, Instrument
from simulator.core.model.units import NS_PER_MINUTE, NS_PER_SECOND
from simulator.runtime.engine import Engine
from simulator.runtime.ports import Agent
from simulator.scenarios import practice
from simulator.scenarios.cast import account_at
from tests.market.markets import START_NS

CONFIG = Path(__file__).parents[2] / "config"
SPOT = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT")


class Stage:
    """The world with its agents, driven as the runtime drives them. Nothing may be refused."""

    def __init__(self, config: WorldConfig, exchange: ExchangeConfig) -> None:
        self.config = config
        self.engine = Engine("practice", Exchange())
        self.state = self.engine.exchange.state
        self.trades: Counter[int] = Counter()
        self.prices: list[SetIndexPrices] = []
        for command in practice.genesis(config, exchange):
            self._do(START_NS, command)
        self.restart()

    def restart(self) -> None:
        """Agents built anew, as by a server that starts again."""
        time_ns = max(START_NS, self.engine.time_ns)
        self._agents: Sequence[Agent] = practice.agents(self.config, time_ns)

    def _do(self, time_ns: int, command: AnyCommand) -> None:
        events: Sequence[AnyEvent] = self.engine.submit(time_ns, command).events
        refused = [each for each in events if isinstance(each, CommandRejected | OrderRejected)]
        assert not refused, command
        self.trades.update(each.instrument_id for each in events if isinstance(each, TradeExecuted))
        if isinstance(command, SetIndexPrices):
            self.prices.append(command)

    def play(self, until_ns: int) -> None:
        while True:
            wakes = [
                (wake_ns, number)
                for number, agent in enumerate(self._agents)
                if (wake_ns := agent.next_wake_ns) is not None
            ]
            wake_ns, number = min(wakes)
            if wake_ns > until_ns:
                return
            self.engine.advance(wake_ns)
            for command in self._agents[number].wake(wake_ns, self.state):
                self._do(wake_ns, command)

    def ids(self, symbols: Sequence[str]) -> list[int]:
        known = {each.listed.terms.symbol: each.listed.terms for each in self.config.instruments}
        return [known[symbol].instrument_id for symbol in symbols]


@pytest.fixture(scope="module")
def exchange() -> ExchangeConfig:
    return load_exchange(CONFIG)


@pytest.fixture(scope="module")
def config(exchange: ExchangeConfig) -> WorldConfig:
    return load_world(CONFIG, "practice", exchange)


@pytest.fixture(scope="module")
def stage(config: WorldConfig, exchange: ExchangeConfig) -> Stage:
    """The world after five minutes, in the middle of which the server started again."""
    found = Stage(config, exchange)
    found.play(START_NS + 150 * NS_PER_SECOND)
    found.restart()
    found.play(START_NS + 5 * NS_PER_MINUTE)
    return found


def test_spot_and_perpetual_have_one_index_at_every_tick(stage: Stage) -> None:
    assert len(stage.prices) > 300
    spot = stage.ids(SPOT)
    perpetuals = stage.ids([f"{symbol}-PERP" for symbol in SPOT])
    for command in stage.prices:
        found = dict(command.prices)
        assert [found[each] for each in spot] == [found[each] for each in perpetuals]
    assert len({command.prices for command in stage.prices}) > 250, "they move"


def test_all_books_have_two_sides_around_the_index_and_trade(stage: Stage) -> None:
    for each in stage.config.instruments:
        terms = each.listed.terms
        book = stage.state.books[terms.instrument_id]
        bid, ask = (book.own_side(side).best_price() for side in (Side.BUY, Side.SELL))
        index = stage.state.instruments[terms.instrument_id].index_price
        assert bid is not None, terms.symbol
        assert ask is not None, terms.symbol
        assert index is not None, terms.symbol
        assert bid < ask, terms.symbol
        assert (ask - bid) * 500 < index, terms.symbol
        assert abs(ask + bid - 2 * index) * 500 < index, terms.symbol
        assert stage.trades[terms.instrument_id] > 20, terms.symbol


def _spot_cast(config: WorldConfig) -> Iterator[tuple[Instrument, int, int]]:
    """Spot instrument, account id and first stock of each maker, then of each noise trader."""
    stocks = [(each, each.maker.max_inventory) for each in config.instruments]
    stocks += [
        (each, each.noise.max_inventory)
        for each in config.instruments
        for _ in range(config.noise_traders)
    ]
    for place, (each, stock) in enumerate(stocks):
        if each.listed.terms.kind is InstrumentKind.SPOT:
            yield each.listed.terms, account_at(place), stock


def test_the_cast_of_spot_owes_nothing_and_has_all_that_it_began_with(stage: Stage) -> None:
    """It trades with itself, free of fees: what one has less of, another has more of."""
    assert not stage.state.debtors
    begun, held = Counter[int](), Counter[int]()
    for terms, account_id, stock in _spot_cast(stage.config):
        assert terms.base_asset_id is not None
        wallet = stage.state.wallets[stage.state.accounts[account_id].spot_wallet_id]
        assert set(wallet.holdings) == {VALUATION_ASSET, terms.base_asset_id}
        for asset_id, holding in wallet.holdings.items():
            assert 0 <= holding.locked <= holding.balance
            held[asset_id] += holding.balance
        begun[terms.base_asset_id] += stock * terms.base_multiplier
    config = stage.config
    deposits = config.maker_deposit + config.noise_traders * config.noise_deposit
    begun[VALUATION_ASSET] = len(SPOT) * deposits
    assert held == begun
