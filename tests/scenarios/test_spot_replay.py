"""A replay with spot margin in it: what is lent and by whom, who enters how, and how it ends."""

from collections import Counter
from pathlib import Path

import pytest

from simulator.analytics.cascade import Cascade
from simulator.config.exchange import ExchangeConfig, load_exchange
from simulator.core.exchange import Exchange
from simulator.core.model.enums import InstrumentKind, MarginMode, MarkMethod, Side
from simulator.core.model.events import CommandRejected, OrderRejected
from simulator.core.model.instruments import VALUATION_ASSET, WorldParameters
from simulator.core.model.units import NS_PER_MINUTE, RATE_ONE
from simulator.runtime.engine import Engine
from simulator.runtime.ports import Agent
from simulator.scenarios import replay
from simulator.scenarios.cast import account_at
from simulator.scenarios.population import Crowd, draw_members
from simulator.scenarios.replay import ReplayError, ReplayOptions, plan_replay, read_files
from simulator.scenarios.scripted_trader import (
    TraderSpec,
    TraderSpecError,
    parse_trader,
    spot_quantity,
)
from tests.market.markets import START_NS
from tests.scenario import rate
from tests.spot_scenario import SpotWorld

CONFIG = Path(__file__).parents[2] / "config"
HALF = RATE_ONE // 2
USDT = 10**8


@pytest.fixture(scope="module")
def exchange() -> ExchangeConfig:
    return load_exchange(CONFIG)


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """BTC at 60,000 for 30 minutes, then a fall by 15% in ten."""
    closes = [60_000] * 30 + [60_000 - 900 * minute for minute in range(1, 11)]
    rows, before = [], closes[0]
    for minute, close in enumerate(closes):
        open_ms = START_NS // 1_000_000 + minute * 60_000
        rows.append(f"{open_ms},{before},{max(before, close)},{min(before, close)},{close},1")
        before = close
    path = tmp_path / "BTCUSDT-1m-2020.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


# -- which instruments ---------------------------------------------------------------------------


def test_a_file_is_for_the_perpetual_and_may_be_for_spot_too(
    bars: Path, exchange: ExchangeConfig
) -> None:
    _, alone = read_files([str(bars)], exchange)
    assert list(alone) == ["BTCUSDT-PERP"]
    files, both = read_files([str(bars)], exchange, with_spot=True)
    assert list(both) == ["BTCUSDT-PERP", "BTCUSDT"]
    first, second = (files[each.terms.instrument_id] for each in both.values())
    assert first == second
    own = [f"BTCUSDT={bars}", f"XRPUSDT-PERP={bars}"]
    _, named = read_files(own, exchange, with_spot=True)
    assert list(named) == ["BTCUSDT", "XRPUSDT-PERP"], "spot of XRP is not listed"
    _, given = read_files([str(bars), own[0]], exchange, with_spot=True)
    assert list(given) == ["BTCUSDT-PERP", "BTCUSDT"], "once"


def test_spot_keeps_its_index_and_pays_no_funding(bars: Path, exchange: ExchangeConfig) -> None:
    files, listed = read_files([str(bars)], exchange, with_spot=True)
    plan = plan_replay(files, listed, [], ReplayOptions(mark_method=MarkMethod.MEDIAN))
    methods = {symbol: terms.mark_method for symbol, terms in plan.instruments.items()}
    assert methods == {"BTCUSDT-PERP": MarkMethod.MEDIAN, "BTCUSDT": MarkMethod.INDEX}
    with pytest.raises(ReplayError, match="BTCUSDT is a spot instrument, which pays no funding"):
        plan_replay(files, listed, [], ReplayOptions(funding=(f"BTCUSDT={bars}",)))


@pytest.mark.parametrize(
    ("names", "share", "message"),
    [
        (["BTCUSDT"], 0, "this population trades a perpetual too; none is replayed"),
        (["BTCUSDT"], HALF, "this population trades a perpetual too; none is replayed"),
        (["BTCUSDT-PERP"], HALF, "this population trades a spot instrument too; none is replayed"),
        (["BTCUSDT"], -1, "spot share is -0.000000000001; 0 to 1 is right"),
        (["BTCUSDT"], RATE_ONE + 1, "spot share is 1.000000000001; 0 to 1 is right"),
    ],
)
def test_a_crowd_needs_what_it_trades(
    bars: Path, exchange: ExchangeConfig, names: list[str], share: int, message: str
) -> None:
    files, listed = read_files([f"{name}={bars}" for name in names], exchange)
    with pytest.raises(ReplayError, match=message):
        plan_replay(files, listed, [], ReplayOptions(population=1, spot_share=share))


# -- who enters ----------------------------------------------------------------------------------


def test_a_share_of_the_crowd_is_on_spot_margin_and_the_others_stay(
    exchange: ExchangeConfig,
) -> None:
    perpetual, spot = (exchange.instruments[each].terms for each in ("BTCUSDT-PERP", "BTCUSDT"))
    crowd = Crowd(400, 7, START_NS, START_NS + NS_PER_MINUTE)
    before = draw_members(crowd, [(perpetual, 125)], USDT, 2)
    share = Crowd(400, 7, START_NS, START_NS + NS_PER_MINUTE, HALF)
    members = draw_members(share, [(perpetual, 125)], USDT, 2, [(spot, 10)])
    assert before == draw_members(crowd, [(perpetual, 125)], USDT, 2, [(spot, 10)])
    kept = [new == old for new, old in zip(members, before, strict=True)]
    assert kept == [each.spec.terms == perpetual for each in members]
    assert 150 < kept.count(True) < 250
    kinds = Counter(
        (each.spec.side, each.spec.margin_mode, each.spec.leverage)
        for each in members
        if each.spec.terms == spot
    )
    for side in (Side.BUY, Side.SELL):
        for mode, leverages in ((MarginMode.ISOLATED, (3, 5, 10)), (MarginMode.CROSS, (3, 5))):
            assert all(kinds[(side, mode, leverage)] for leverage in leverages), kinds
    assert len(kinds) == 10, "no other leverage"


def spot_spec(world: SpotWorld, side: Side, leverage: int, mode: MarginMode) -> TraderSpec:
    return TraderSpec("t", world.record("ETH").terms, side, leverage, mode, 1_000 * USDT)


@pytest.mark.parametrize(
    ("side", "leverage", "mode", "notional"),
    [
        (Side.BUY, 10, MarginMode.ISOLATED, 9_522),  # 1,000 / (0.1 + 0.005), in lots of 2
        (Side.SELL, 10, MarginMode.ISOLATED, 8_612),  # 1,000 / (1/9 + 0.005)
        (Side.BUY, 5, MarginMode.CROSS, 4_080),  # 1,000 / ((1 + 0.05 * 4) / 5 + 0.005)
        (Side.SELL, 5, MarginMode.CROSS, 3_920),  # 1,000 / (1/4 + 0.005)
        (Side.BUY, 10, MarginMode.CROSS, 4_080),  # CROSS has no 10x
        (Side.BUY, 4, MarginMode.ISOLATED, 2_954),  # the next lower product: 3x
    ],
)
def test_wal_4_what_a_deposit_opens(
    side: Side, leverage: int, mode: MarginMode, notional: int
) -> None:
    world = SpotWorld()
    world.spot("ETH", "ETH", haircut="0.05")
    world.mark(ETH="2000")
    spec = spot_spec(world, side, leverage, mode)
    _, quantity = spot_quantity(spec, 200_000, world.exchange.state)
    assert quantity * 2 == notional


def test_bor_5_a_debt_in_a_higher_tier_has_less_leverage() -> None:
    """Of 10x some 8,568 would be owed: the second tier, 8.91x. At 5x 3,900 are, in the first."""
    world = SpotWorld()
    tiers = ((10 * USDT, 5_000 * USDT, rate("1.111")), (None, None, rate("1.1264")))
    world.spot("ETH", "ETH", margin_tiers=tiers)
    world.mark(ETH="2000")
    for side, held in ((Side.BUY, 4_878), (Side.SELL, 8_612)):
        spec = spot_spec(world, side, 10, MarginMode.ISOLATED)
        leverage, quantity = spot_quantity(spec, 200_000, world.exchange.state)
        assert (leverage, quantity * 2) == (5 if side is Side.BUY else 10, held)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("ann:BTCUSDT:long:20x:isolated:1000", "isolated spot margin has 3x, 5x, 10x"),
        ("ann:BTCUSDT:short:10x:cross:1000", "cross spot margin has 3x, 5x"),
    ],
)
def test_bor_5_a_trader_has_one_of_the_products(
    exchange: ExchangeConfig, text: str, allowed: str
) -> None:
    terms = {"BTCUSDT": exchange.instruments["BTCUSDT"].terms}
    with pytest.raises(TraderSpecError, match=allowed):
        parse_trader(text, terms, 8, WorldParameters())


# -- all of it -----------------------------------------------------------------------------------


def play(engine: Engine, feed: Agent, crowd: Agent) -> None:
    """Wakes both in the order of their times, while there are prices; nothing may be refused."""
    while (next_ns := feed.next_wake_ns) is not None:
        entry_ns = crowd.next_wake_ns
        agent = feed if entry_ns is None or next_ns <= entry_ns else crowd
        wake_ns = agent.next_wake_ns or next_ns
        engine.advance(wake_ns)
        for command in agent.wake(wake_ns, engine.exchange.state):
            events = engine.submit(wake_ns, command).events
            refused = [each for each in events if isinstance(each, CommandRejected | OrderRejected)]
            assert not refused, command


def test_liq_5_a_fall_liquidates_those_who_borrowed(bars: Path, exchange: ExchangeConfig) -> None:
    files, listed = read_files([str(bars)], exchange, with_spot=True)
    options = ReplayOptions(population=60, spot_share=HALF)
    plan = plan_replay(files, listed, [], options)
    engine = Engine("w", Exchange())
    for command in replay.genesis(plan, exchange):
        assert not isinstance(engine.submit(START_NS, command).events[0], CommandRejected)
    feed, crowd = replay.agents(plan, exchange)
    play(engine, feed, crowd)
    state = engine.exchange.state
    cascade = Cascade(plan.instruments.values())
    for entry in engine.take()[0]:
        cascade.follow(entry)
    spot = next(terms for terms in plan.instruments.values() if terms.kind is InstrumentKind.SPOT)
    assert set(cascade.borrowed) == {VALUATION_ASSET, spot.base_asset_id}
    assert cascade.debt_liquidations >= 5
    assert cascade.started > cascade.debt_liquidations, "perpetuals too"
    assert cascade.interest_paid[VALUATION_ASSET] > 0
    maker = state.wallets[state.accounts[account_at(1)].spot_wallet_id]
    assert maker.wallet_id not in state.debtors
    assert set(maker.holdings) == {VALUATION_ASSET, spot.base_asset_id}
    best = state.books[spot.instrument_id].opposite_side(Side.BUY).best_price()
    index = state.instruments[spot.instrument_id].index_price
    assert best is not None
    assert index is not None
    assert abs(best - index) * 500 < index, "the book stands around the index"
