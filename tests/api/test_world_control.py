"""Worlds of one's own: who may make them, who controls them, and what their time does."""

import asyncio
from pathlib import Path

import pytest

from simulator.runtime.clocks import ClockMode, WorldClock
from tests.api.venue import START_NS, Json, Trader, Venue, eventually, open_venue, order_body

pytestmark = pytest.mark.anyio

NAME = "anns-class"


async def post(trader: Trader, path: str, body: Json | None = None) -> tuple[int, Json]:
    response = await trader.client.post(f"/v1/worlds{path}", headers=trader.headers, json=body)
    return response.status_code, response.json()


async def make(trader: Trader, name: str = NAME, **more: object) -> Json:
    status, world = await post(trader, "", {"world": name, **more})
    assert status == 201, world
    return world


async def test_a_world_runs_at_once_with_prices_of_its_own(venue: Venue) -> None:
    ann = await venue.join()
    world = await make(ann, title="Ann\u2019s class", seed=7)
    assert (world["status"], world["clock"]["mode"], world["clock"]["speed"]) == (
        "RUNNING",
        "SCALED",
        "1",
    )
    marks = (await venue.client.get(f"/v1/worlds/{NAME}/marks")).json()["items"]
    assert [each["symbol"] for each in marks] == ["BTCUSDT-PERP"]
    listed = (await venue.client.get("/v1/worlds")).json()["items"]
    assert [each["world"] for each in listed] == ["practice", NAME]


@pytest.mark.parametrize("action", ["pause", "resume", "speed", "step"])
async def test_only_the_owner_controls_a_world(venue: Venue, action: str) -> None:
    ann, bob = await venue.join(), await venue.join()
    await make(ann)
    bodies: dict[str, Json] = {"speed": {"speed": "2"}, "step": {"milliseconds": 1}}
    body = bodies.get(action)
    for world in (NAME, "practice"):
        status, problem = await post(bob, f"/{world}/{action}", body)
        assert (status, problem["code"]) == (403, "NOT_THE_OWNER")
    status, problem = await post(ann, f"/nowhere/{action}", body)
    assert (status, problem["code"]) == (404, "UNKNOWN_WORLD")
    anonymous = await venue.client.post(f"/v1/worlds/{NAME}/{action}", json=body)
    assert anonymous.status_code == 401


async def test_a_paused_world_stands_until_it_is_stepped(venue: Venue) -> None:
    ann = await venue.join()
    await make(ann)
    status, paused = await post(ann, f"/{NAME}/pause")
    assert (status, paused["status"], paused["clock"]["paused"]) == (200, "PAUSED", True)
    _, again = await post(ann, f"/{NAME}/pause")
    assert again["clock"]["time"] == paused["clock"]["time"]
    status, stepped = await post(ann, f"/{NAME}/step", {"milliseconds": 5_000})
    assert status == 200
    assert stepped["clock"]["time"] == paused["clock"]["time"] + 5_000
    assert stepped["seq"] > paused["seq"], "the feed moved the price while time passed"
    assert stepped["status"] == "PAUSED"
    _, still = await post(ann, f"/{NAME}/pause")
    assert (still["seq"], still["clock"]["time"]) == (stepped["seq"], stepped["clock"]["time"])


async def test_a_running_world_is_not_stepped(venue: Venue) -> None:
    ann = await venue.join()
    await make(ann)
    status, problem = await post(ann, f"/{NAME}/step", {"milliseconds": 5_000})
    assert (status, problem["code"]) == (409, "WORLD_NOT_PAUSED")


async def test_time_goes_on_where_it_stood_and_as_fast_as_it_is_told(venue: Venue) -> None:
    ann = await venue.join()
    await make(ann)
    _, paused = await post(ann, f"/{NAME}/pause")
    _, fast = await post(ann, f"/{NAME}/speed", {"speed": "600"})
    assert (fast["clock"]["speed"], fast["clock"]["time"]) == ("600", paused["clock"]["time"])
    _, running = await post(ann, f"/{NAME}/resume")
    assert running["status"] == "RUNNING"
    _, later = await post(ann, f"/{NAME}/pause")
    assert 0 < later["clock"]["time"] - paused["clock"]["time"] < 600 * 10_000


@pytest.mark.parametrize("speed", ["0", "0.2", "10001", "-1", "1e3", "fast"])
async def test_a_speed_that_is_none_is_refused(venue: Venue, speed: str) -> None:
    ann = await venue.join()
    await make(ann)
    status, problem = await post(ann, f"/{NAME}/speed", {"speed": speed})
    assert (status, problem["code"]) == (422, "MALFORMED_REQUEST")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"world": "A-World"},
        {"world": "no"},
        {"world": "x" * 41},
        {"world": "fine", "seed": -1},
        {"world": "fine", "title": "a\u0000b"},
        {"world": "fine", "owner": "me"},
    ],
)
async def test_a_malformed_world_is_refused(venue: Venue, body: Json) -> None:
    status, problem = await post(await venue.join(), "", body)
    assert (status, problem["code"]) == (422, "MALFORMED_REQUEST")


async def test_a_name_is_taken_once_and_a_user_has_three_worlds_at_most(venue: Venue) -> None:
    ann, bob = await venue.join(), await venue.join()
    await make(ann)
    for name in (NAME, "practice"):
        status, problem = await post(bob, "", {"world": name})
        assert (status, problem["code"]) == (409, "WORLD_EXISTS")
    await make(ann, "second")
    await make(ann, "third")
    status, problem = await post(ann, "", {"world": "fourth"})
    assert (status, problem["code"]) == (409, "TOO_MANY_WORLDS")
    assert (problem["needed"], problem["available"]) == ("4", "3")
    assert await make(bob, "fourth")


async def test_in_a_paused_world_orders_are_refused(venue: Venue) -> None:
    """The practice world stands still by itself here; its own pause is what refuses."""
    ann = await venue.join()
    venue.world.pause()
    response = await ann.call("POST", "/orders", json=order_body())
    assert (response.status_code, response.json()["code"]) == (503, "WORLD_PAUSED")
    venue.world.resume()
    await ann.place()


async def test_a_hurried_user_gets_no_more_worlds(venue: Venue) -> None:
    """Also those that are still being made count."""
    ann = await venue.join()
    done = await asyncio.gather(*(post(ann, "", {"world": f"world-{n}"}) for n in range(5)))
    assert sorted(status for status, _ in done) == [201, 201, 201, 409, 409]
    assert {body["code"] for status, body in done if status == 409} == {"TOO_MANY_WORLDS"}


async def test_a_world_is_made_to_its_end_though_nobody_waits(venue: Venue) -> None:
    """A request has a deadline; a world that is half made would be nobody's until a restart."""
    ann = await venue.join()
    context = venue.app.state.api.context
    owner = (await ann.client.get("/v1/me", headers=ann.headers)).json()["user_id"]
    making = asyncio.ensure_future(context.keeper.create(NAME, "Late", 1, owner))
    await asyncio.sleep(0)
    making.cancel()
    await eventually(lambda: context.keeper.owner_of(NAME) == owner)
    await eventually(lambda: NAME in [world.world_id for world in context.registry])
    world = context.registry.get(NAME)
    await eventually(lambda: world.agents)
    assert context.keeper.count_of(owner) == 1
    status, paused = await post(ann, f"/{NAME}/pause")
    assert (status, paused["status"]) == (200, "PAUSED")


async def test_the_real_clock_of_the_practice_world_has_no_speed_to_set(database: Path) -> None:
    async with open_venue(database, clock=WorldClock(ClockMode.REAL, START_NS)) as venue:
        body = {"name": "admin", "password": "correct horse battery"}
        signed_up = await venue.client.post("/v1/users", json=body)
        assert signed_up.status_code == 201, signed_up.text
        venue.app.state.api.context.credentials.grant_admin("admin")
        admin = Trader(venue.client, signed_up.json())
        status, problem = await post(admin, "/practice/speed", {"speed": "2"})
        assert (status, problem["code"]) == (409, "CLOCK_HAS_NO_SPEED")
        status, paused = await post(admin, "/practice/pause")
        assert (status, paused["clock"]["mode"], paused["status"]) == (200, "REAL", "PAUSED")
