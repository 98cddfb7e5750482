"""Worlds of one's own: who may make them, who controls them, and what their time does."""

import pytest

from tests.api.venue import Json, Trader, Venue, order_body

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
