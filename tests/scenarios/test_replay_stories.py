"""The sentences of a replay's stories, of accounts as they are in the rule tests."""

from simulator.core.model.enums import LiquidationPolicy
from simulator.replay_stories import Storyteller, tell
from tests.analytics.histories import RecordedWorld
from tests.scenario import rate


def sentences(world: RecordedWorld, name: str) -> list[str]:
    """The story of one account, without the times."""
    storyteller = Storyteller(world.names)
    for entry in world.entries:
        storyteller.follow(entry)
    terms = {key: record.terms for key, record in world.exchange.state.instruments.items()}
    lines = tell(storyteller.stories[name], world.names[name], terms)
    return [line.split("  ", 1)[1] for line in lines]


def test_a_deleveraging_is_told_to_both_sides() -> None:
    """LIQ-7, the rule tests' case: Ann, long 10 at 100 with 100, is closed at 90 against Bob."""
    world = RecordedWorld()
    world.instrument("BTC")
    world.mark(BTC="100")
    world.account("ann", cross="1000")
    world.account("bob", cross="10000")
    world.sell("bob", "BTC", "10", at="100", leverage=2, mode="CROSS")
    world.buy("ann", "BTC", "10", leverage=10)
    world.mark(BTC="85")
    assert sentences(world, "bob") == [
        "sold 10 BTC at 100",
        "[red]auto-deleveraged[/]: 10 BTC of the short closed at 90 against somebody's liquidation",
    ]
    ann = sentences(world, "ann")
    assert ann[0] == "bought 10 BTC at 100"
    assert "  10 BTC closed at 90 by auto-deleveraging" in ann
    assert ann[-1] == "  ended closed: fee 0.00, left 0.00, deficit 0.00"


def test_a_wait_between_two_steps_is_told() -> None:
    """LIQ-10: a fifth goes, and the rest waits for 30 seconds."""
    world = RecordedWorld(fund="1000")
    world.instrument(
        "BTC",
        tiers="500:0.4%:125 800:1%:50 2%:20",
        liquidation_policy=LiquidationPolicy.PERCENT_STEPS,
        liquidation_fee_rate=rate("0"),
    )
    world.mark(BTC="100")
    world.account("ann", cross="1000")
    world.maker("BTC", asks="100 x 10")
    world.buy("ann", "BTC", "10", leverage=10)
    world.maker("BTC", bids="90 x 20")
    world.mark(BTC="90.2")
    world.wait(31)
    told = sentences(world, "ann")
    waits = [line for line in told if "waits until" in line]
    assert len(waits) == 1
    assert waits[0].startswith("  the rest of BTC waits until 2023-11-14 22:13:")
    assert told.index("  the wait is over on BTC") > told.index(waits[0])


def test_a_call_that_ends_without_a_liquidation_is_told() -> None:
    world = RecordedWorld()
    world.instrument("BTC")
    world.mark(BTC="100")
    world.account("ann", cross="1000")
    world.maker("BTC", asks="100 x 10")
    world.buy("ann", "BTC", "10", leverage=10)
    world.mark(BTC="90.4")
    world.mark(BTC="95")
    assert sentences(world, "ann")[-1] == "margin call ended: cured"
