"""The ASGI end of /v1/ws."""

from starlette.types import Receive, Scope, Send

from simulator.api.service import Api
from simulator.api.websocket.connection import Connection


class WebsocketEndpoint:
    """Speaks ASGI directly: a layer less per message."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Connection(self._api, scope, receive, send).run()
