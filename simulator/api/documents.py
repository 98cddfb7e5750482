"""The OpenAPI document: its schemas are made of the very shapes that are encoded and decoded."""

from typing import Any, Final

import msgspec
from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi

from simulator.api.errors import MEDIA_TYPE
from simulator.api.shapes.base import Problem

_TEMPLATE: Final = "#/components/schemas/{name}"
_JSON: Final = "application/json"

_shapes: dict[object, None] = {Problem: None}


def _reference(shape: object) -> dict[str, Any]:
    _shapes[shape] = None
    (reference,), _ = msgspec.json.schema_components([shape], ref_template=_TEMPLATE)
    return reference


def route(
    shape: object, *, status: int = 200, body: object = None, private: bool = False
) -> dict[str, Any]:
    """The arguments of a route that answers `shape` and perhaps takes a `body`."""
    extra: dict[str, Any] = {}
    if body is not None:
        extra["requestBody"] = {
            "required": True,
            "content": {_JSON: {"schema": _reference(body)}},
        }
    if private:
        extra["security"] = [{"token": []}]
    problem = {"description": "A problem", "content": {MEDIA_TYPE: {"schema": _reference(Problem)}}}
    return {
        "status_code": status,
        "response_class": Response,
        "responses": {
            status: {"description": "Done", "content": {_JSON: {"schema": _reference(shape)}}},
            "4XX": problem,
            "5XX": problem,
        },
        "openapi_extra": extra,
    }


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
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    app.openapi_schema = document
    return document
