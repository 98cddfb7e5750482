"""The routers of v1, one per module.

Their routes are put into the application as they are, and not by inclusion: FastAPI matches the
routes of an included router twice per level, which took a third of the time of an order.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Depends

from simulator.api import documents
from simulator.api.rest.common import admitted


def v1_router(
    tag: str, prefix: str = "", *dependencies: Callable[..., Awaitable[Any]]
) -> APIRouter:
    """A router below `/v1` that lets in who may use its routes, and then asks `dependencies`.

    Dependencies are coroutines: a plain function would run in a thread, and what it reads belongs
    to the event loop.
    """
    return APIRouter(
        prefix="/v1" + prefix,
        tags=[tag],
        dependencies=[Depends(each) for each in (admitted, *dependencies)],
        generate_unique_id_function=documents.operation_id,
    )
