"""What each route needs, in one place: nothing, a login, or a scope that an API key may have.

A login has every scope on its own accounts. Whose account or world it is, is checked where it is
known: other people's accounts answer 404, other people's worlds 403. An admin may besides read any
account and control any world. `docs/access.md` is generated from this table.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import WebSocketRoute


class Need(Enum):
    PUBLIC = "nothing"
    LOGIN = "a login"
    READ = "READ"
    TRADE = "TRADE"
    TRANSFER = "TRANSFER"


SCOPES: Final = (Need.READ.value, Need.TRADE.value, Need.TRANSFER.value)

_ACCOUNT: Final = "/v1/accounts/{account}"
_ASYNCAPI: Final = "/v1/asyncapi.json"
"""A description, as the OpenAPI document is one: for everybody."""

_WORLD: Final = "/v1/worlds/{world}"

_NEEDS: Final[dict[tuple[str, str], Need]] = {
    ("GET", "/health"): Need.PUBLIC,
    ("GET", "/ready"): Need.PUBLIC,
    ("POST", "/v1/guests"): Need.PUBLIC,
    ("POST", "/v1/users"): Need.PUBLIC,
    ("POST", "/v1/login"): Need.PUBLIC,
    ("POST", "/v1/logout"): Need.LOGIN,
    ("GET", "/v1/me"): Need.LOGIN,
    ("POST", "/v1/me/sign-up"): Need.LOGIN,
    ("GET", "/v1/me/tokens"): Need.LOGIN,
    ("DELETE", "/v1/me/tokens/{token_id}"): Need.LOGIN,
    ("POST", "/v1/accounts"): Need.LOGIN,
    ("GET", f"{_ACCOUNT}/api-keys"): Need.LOGIN,
    ("POST", f"{_ACCOUNT}/api-keys"): Need.LOGIN,
    ("DELETE", f"{_ACCOUNT}/api-keys/{{api_key}}"): Need.LOGIN,
    ("POST", f"{_ACCOUNT}/reset"): Need.LOGIN,
    ("POST", f"{_ACCOUNT}/transfers"): Need.TRANSFER,
    ("POST", f"{_ACCOUNT}/deposits"): Need.TRANSFER,
    ("PUT", f"{_ACCOUNT}/leverage"): Need.TRADE,
    ("PUT", f"{_ACCOUNT}/margin-mode"): Need.TRADE,
    ("PUT", f"{_ACCOUNT}/position-mode"): Need.TRADE,
    ("PUT", f"{_ACCOUNT}/cross-leverage"): Need.TRADE,
    ("POST", f"{_ACCOUNT}/borrow"): Need.TRADE,
    ("POST", f"{_ACCOUNT}/repay"): Need.TRADE,
    ("POST", f"{_ACCOUNT}/orders"): Need.TRADE,
    ("POST", f"{_ACCOUNT}/orders/preview"): Need.TRADE,
    ("PATCH", f"{_ACCOUNT}/orders/{{order_id}}"): Need.TRADE,
    ("DELETE", f"{_ACCOUNT}/orders/{{order_id}}"): Need.TRADE,
    ("DELETE", f"{_ACCOUNT}/orders"): Need.TRADE,
    ("POST", f"{_ACCOUNT}/orders/lists"): Need.TRADE,
    ("DELETE", f"{_ACCOUNT}/orders/lists/{{order_id}}"): Need.TRADE,
    ("POST", f"{_ACCOUNT}/orders/batch"): Need.TRADE,
    ("POST", f"{_ACCOUNT}/orders/batch-cancel"): Need.TRADE,
    ("PUT", f"{_ACCOUNT}/countdown"): Need.TRADE,
    ("POST", "/v1/worlds"): Need.LOGIN,
    ("POST", f"{_WORLD}/pause"): Need.LOGIN,
    ("POST", f"{_WORLD}/resume"): Need.LOGIN,
    ("POST", f"{_WORLD}/speed"): Need.LOGIN,
    ("POST", f"{_WORLD}/step"): Need.LOGIN,
    ("PUT", f"{_WORLD}/instruments/{{symbol}}/market-state"): Need.LOGIN,
}
_READABLE: Final = (("/v1/worlds", Need.PUBLIC), ("/v1/accounts", Need.READ))
"""What a GET below these needs, unless it is listed."""


class UndeclaredRouteError(Exception):
    """A route without an entry here: the application does not start with one."""


def need_of(method: str, path: str) -> Need:
    """What a route needs; `path` is its template, such as `/v1/accounts/{account}`.

    Raises:
        UndeclaredRouteError: nobody said.
    """
    need = _NEEDS.get((method, path))
    if need is not None:
        return need
    for prefix, readable in _READABLE:
        if method == "GET" and (path == prefix or path.startswith(prefix + "/")):
            return readable
    raise UndeclaredRouteError(f"{method} {path} has no entry in simulator.api.access")


def routes_of(app: FastAPI) -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """Method, template and endpoint of every route of the API, by template and method."""
    found: list[tuple[str, str, Callable[..., Any]]] = []
    for context in iter_route_contexts(app.routes):
        path, endpoint = context.path_format, context.endpoint
        if isinstance(context.route, WebSocketRoute) or path is None or endpoint is None:
            continue
        if path in (app.openapi_url, _ASYNCAPI):
            continue
        found += [(method, path, endpoint) for method in sorted(context.methods or ())]
    return iter(sorted(found, key=lambda row: (row[1], row[0])))


def needs_of(app: FastAPI) -> dict[Callable[..., Any], Need]:
    """By endpoint. Raises UndeclaredRouteError."""
    return {endpoint: need_of(method, path) for method, path, endpoint in routes_of(app)}
