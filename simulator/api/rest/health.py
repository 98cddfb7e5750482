"""Whether the process lives, and whether it serves: for operators and load balancers."""

from fastapi import APIRouter, Request, Response

from simulator.api.documents import route
from simulator.api.rest.common import answer, api_of
from simulator.api.shapes.market import Health
from simulator.runtime.world import WorldStatus

router = APIRouter(tags=["health"])


@router.get("/health", **route(Health))
async def health() -> Response:
    """The process answers."""
    return answer(Health(status="OK", worlds={}))


@router.get("/ready", **route(Health, status=(200, 503)))
async def ready(request: Request) -> Response:
    """200 if the default world is there and no world is halted; 503 with the reasons if not."""
    context = api_of(request).context
    worlds = {world.world_id: world.status for world in context.registry}
    broken = WorldStatus.HALTED in worlds.values()
    default = worlds.get(context.default_world, WorldStatus.STOPPED)
    is_ready = not broken and default != WorldStatus.STOPPED
    shape = Health(
        status="OK" if is_ready else "NOT_READY",
        worlds={world_id: status.value for world_id, status in worlds.items()},
    )
    return answer(shape, 200 if is_ready else 503)
