"""Puts API v1 together: one FastAPI application over the worlds of a context."""

from typing import Any

from fastapi import FastAPI
from starlette.routing import Route, WebSocketRoute

import simulator
from simulator.api import access, documents
from simulator.api.context import ApiContext, ApiSettings, GuestSettings
from simulator.api.middleware import RequestMiddleware
from simulator.api.problems import add_handlers
from simulator.api.rest import (
    accounts,
    analyses,
    borrowing,
    calculators,
    guests,
    health,
    histories,
    holding_calculators,
    keys,
    order_lists,
    orders,
    owning,
    users,
    world_control,
    worlds,
)
from simulator.api.service import Api
from simulator.api.websocket.endpoint import WebsocketEndpoint, describe

__all__ = ["ApiContext", "ApiSettings", "GuestSettings", "create_app"]

_NOUNS = (
    orders,
    order_lists,
    accounts,
    borrowing,
    histories,
    analyses,
    worlds,
    calculators,
    holding_calculators,
    world_control,
    guests,
    users,
    owning,
    keys,
)
"""Of which `router` has the routes; what is asked most often comes first."""

_DESCRIPTION = (
    "A margin exchange to practice on, with paper money. Decimals are strings, times are "
    "milliseconds since 1970 UTC, `seq` is the place in the world's journal up to which an answer "
    "speaks. What is answered is durable. Every refusal is a problem (RFC 9457) with a code and "
    "the numbers behind it. Live data and fast orders: the websocket at /v1/ws, described "
    "by /v1/asyncapi.json."
)


def create_app(context: ApiContext) -> FastAPI:
    """The application. It opens, starts and closes no world: whoever owns the registry does."""
    app = FastAPI(
        title="Margin exchange simulator",
        version=simulator.__version__,
        description=_DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=documents.operation_id,
    )
    app.state.api = api = Api(context)
    add_handlers(app)
    app.add_middleware(RequestMiddleware, settings=context.settings)
    app.router.routes.extend(route for nouns in _NOUNS for route in nouns.router.routes)
    app.include_router(health.router)
    app.state.needs = access.needs_of(app)
    app.router.routes.append(WebSocketRoute("/v1/ws", WebsocketEndpoint(api)))
    app.router.routes.append(Route("/v1/asyncapi.json", describe))

    def openapi() -> dict[str, Any]:
        return documents.document(app)

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to replace it
    return app
