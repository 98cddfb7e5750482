"""The ASGI end of /v1/ws, and of the document that describes it."""

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulator.api.service import Api
from simulator.api.websocket.connection import Connection
from simulator.api.websocket.document import document

_DOCUMENT: Final = msgspec.json.encode(document())


class WebsocketEndpoint:
    """Speaks ASGI directly: a layer less per message."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Connection(self._api, scope, receive, send).run()


async def describe(request: Request) -> Response:
    """The AsyncAPI document."""
    return Response(_DOCUMENT, media_type="application/json")
