"""The OpenAPI document: its schemas are made of the very shapes that are encoded and decoded.

A route says what is its own (`route`); what all routes of a kind have in common is added when the
document is made: the problems they answer with, their headers, what their parameters mean, and
the examples, which are recorded from real answers (`simulator.api.examples`).
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from simulator.api import examples
from simulator.api.access import Need, need_of, routes_of
from simulator.api.errors import MEDIA_TYPE
from simulator.api.limits import LIMIT, REMAINING, RESET_MS
from simulator.api.shapes.base import Problem

JSON: Final = "application/json"
CSV: Final = "text/csv"
NEXT_CURSOR: Final = "X-Next-Cursor"

_TEMPLATE: Final = "#/components/schemas/{name}"
_PROBLEM_SCHEMA: Final = {"$ref": _TEMPLATE.format(name="Problem")}

_PROBLEMS: Final = {
    401: "Nobody is logged in: no token, or one that is unknown or has expired",
    403: "Known, and not allowed: the scope of a key, or the owner of a world, says no",
    404: "There is no such thing, or it is somebody else's",
    409: "The rules of the exchange refuse it; `needed` and `available` say by how much",
    413: "The body is too large",
    422: "Malformed: the syntax, a type, an unknown field or parameter, a number out of range",
    429: "Too many requests; `Retry-After` says in how many seconds to try again",
    500: "Something broke here; the server's log knows more under the `request_id`",
    503: "The world is paused, halted, busy or closed, or there was no answer in time",
}
_PARAMETERS: Final = {
    "account": "The account's number, as joining or `GET /v1/accounts` tells it.",
    "client_order_id": "The id that the client gave the order.",
    "liquidation_id": "The liquidation's number within its world.",
    "margin_call_id": "The margin call's number within its world.",
    "order_id": "The order's number within its world.",
    "symbol": "The instrument's symbol, like `BTCUSDT-PERP`.",
    "world": "The world's name, like `practice`.",
    "api_key": "The API key, as `GET …/api-keys` lists it.",
    "token_id": "The token's id, as `GET /v1/me/tokens` lists it.",
}
_LIMIT_HEADERS: Final = {
    LIMIT: "How many requests of this kind may come at once.",
    REMAINING: "How many more would be taken now.",
    RESET_MS: "In how many milliseconds all of them would be taken again.",
}
_LOG_IN: Final = "log_in"
"""Public, and yet it says who one is not."""

_CHANGES: Final = ("post", "put", "patch", "delete")
_CALCULATORS: Final = "/v1/worlds/{world}/calculators/"
"""They change nothing, and a rule may refuse all the same what they are asked."""

_SCHEMES: Final = {
    "token": {"type": "http", "scheme": "bearer"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "simulator_token"},
    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "timestamp": {"type": "apiKey", "in": "header", "name": "X-Timestamp"},
    "signature": {"type": "apiKey", "in": "header", "name": "X-Signature"},
}

_shapes: dict[object, None] = {Problem: None}


def operation_id(route: APIRoute) -> str:
    """The name of the route's function: unique, because a test says so."""
    return route.name


def _reference(shape: object) -> dict[str, Any]:
    _shapes[shape] = None
    (reference,), _ = msgspec.json.schema_components([shape], ref_template=_TEMPLATE)
    return reference


def route(
    shape: object,
    *,
    status: int | tuple[int, ...] = 200,
    body: object = None,
    private: bool = False,
    is_list: bool = False,
) -> dict[str, Any]:
    """The arguments of a route that answers `shape` (none: nothing), and perhaps takes a `body`.

    The first status is the usual one. A list is answered as CSV, too: see `rest.lists`.
    """
    statuses = (status,) if isinstance(status, int) else status
    extra: dict[str, Any] = {}
    if body is not None:
        extra["requestBody"] = {"required": True, "content": {JSON: {"schema": _reference(body)}}}
    if private:
        extra["security"] = [{"token": []}]
    answered: dict[str, Any] = {"description": "Done"}
    if shape is not None:
        answered["content"] = {JSON: {"schema": _reference(shape)}}
    if is_list:
        answered["content"][CSV] = {"schema": {"type": "string"}}
        said = "Of a list in CSV that goes on: the cursor for `?after=`."
        answered["headers"] = {NEXT_CURSOR: _header(said, "string")}
    return {
        "status_code": statuses[0],
        "response_class": Response,
        "responses": {**dict.fromkeys(statuses, answered), "default": {"description": "A problem"}},
        "openapi_extra": extra,
    }


def _secure(operation: dict[str, Any], need: Need) -> None:
    """Says who may: as `access` has it, so that the document cannot say otherwise."""
    operation.pop("security", None)
    if need is Need.PUBLIC:
        return
    operation["security"] = [{"token": []}, {"cookie": []}]
    if need is not Need.LOGIN:
        operation["security"].append({"api_key": [], "timestamp": [], "signature": []})
    operation["x-needs"] = need.name


def document(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    _, components = msgspec.json.schema_components(list(_shapes), ref_template=_TEMPLATE)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(components)
    _simplify_pairs(schemas)
    document["components"]["securitySchemes"] = _SCHEMES
    for method, path, _ in routes_of(app):
        _secure(document["paths"][path][method.lower()], need_of(method, path))
    for path, method, operation in operations(document):
        _complete(operation, path, method)
    app.openapi_schema = document
    return document


def _simplify_pairs(node: Any) -> None:
    """Says a tuple of equal kinds without `prefixItems`, which many tools do not understand."""
    if isinstance(node, dict):
        kinds = node.get("prefixItems")
        if isinstance(kinds, list) and all(kind == kinds[0] for kind in kinds):
            del node["prefixItems"]
            node["items"] = kinds[0]
        for value in node.values():
            _simplify_pairs(value)
    elif isinstance(node, list):
        for value in node:
            _simplify_pairs(value)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation of everything in a document."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _complete(operation: dict[str, Any], path: str, method: str) -> None:
    operation["summary"] = operation["summary"].capitalize()
    for parameter in operation.get("parameters", ()):
        said = _PARAMETERS.get(parameter["name"])
        if said is not None:
            parameter.setdefault("description", said)
    responses = operation["responses"]
    del responses["default"]
    private = "security" in operation
    for status in _statuses(operation, path, method):
        problem = _problem(status)
        if str(status) in responses:  # what is not ready says so with its own shape, too
            responses[str(status)]["content"].update(problem["content"])
        else:
            responses[str(status)] = problem
    if private:
        for response in responses.values():
            headers = response.setdefault("headers", {})
            headers.update({name: _header(said) for name, said in _LIMIT_HEADERS.items()})
    examples.add_to(operation)


def _statuses(operation: dict[str, Any], path: str, method: str) -> list[int]:
    """The problems that an operation may answer with."""
    found = [422, 429, 500, 503]
    if "security" in operation:
        found += [401, 403]
    elif operation["operationId"] == _LOG_IN:
        found.append(401)
    if method in _CHANGES or path.startswith(_CALCULATORS):
        found.append(409)
    if "{" in path or "requestBody" in operation:
        found.append(404)
    if "requestBody" in operation:
        found.append(413)
    return sorted(found)


def _problem(status: int) -> dict[str, Any]:
    problem: dict[str, Any] = {
        "description": _PROBLEMS[status],
        "content": {MEDIA_TYPE: {"schema": _PROBLEM_SCHEMA}},
    }
    if status in (429, 503):
        said = "In how many seconds to try again, where that is known."
        problem["headers"] = {"Retry-After": _header(said)}
    return problem


def _header(said: str, kind: str = "integer") -> dict[str, Any]:
    return {"description": said, "schema": {"type": kind}}
