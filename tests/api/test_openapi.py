"""The OpenAPI document: complete, of one piece, and true to what is answered."""

from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI

from simulator.api.access import Need, need_of
from simulator.api.documents import operations
from tests.api.venue import Venue

WITHOUT_BODY = (
    "/v1/logout",
    "/v1/accounts/{account}/reset",
    "/v1/worlds/{world}/pause",
    "/v1/worlds/{world}/resume",
)

pytestmark = pytest.mark.anyio


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [each for value in node.values() for each in _references(value)]
    if isinstance(node, list):
        return [each for value in node for each in _references(value)]
    return []


async def test_the_document_names_every_route_and_shape(venue: Venue) -> None:
    document = (await venue.client.get("/v1/openapi.json")).json()
    schemas = document["components"]["schemas"]
    for reference in _references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas
    found = [*operations(document)]
    assert len(found) >= 30
    for path, method, operation in found:
        answers = operation["responses"]
        assert any(status.startswith("2") for status in answers), (path, method)
        assert operation["summary"], (path, method)
        assert operation["description"], (path, method)
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (path, method, parameter["name"])
        for status in ("422", "429", "500", "503"):
            assert answers[status]["description"]
        assert "application/problem+json" in answers["422"]["content"]
        assert ("security" in operation) == (need_of(method.upper(), path) is not Need.PUBLIC), path
        turned_away = "security" in operation or operation["operationId"] == "log_in"
        assert ("401" in answers) == turned_away
        if method in ("post", "put", "patch") and path not in WITHOUT_BODY:
            assert "$ref" in operation["requestBody"]["content"]["application/json"]["schema"]
    ids = [operation["operationId"] for _, _, operation in found]
    assert len(ids) == len(set(ids))
    assert schemas["OrderRequest"]["additionalProperties"] is False
    assert schemas["OrderRequest"]["required"] == ["symbol", "side", "order_type"]


async def test_answers_have_the_fields_of_the_document(venue: Venue) -> None:
    trader = await venue.join()
    placed = await trader.place()
    document = (await venue.client.get("/v1/openapi.json")).json()
    schemas = document["components"]["schemas"]
    assert sorted(placed) == sorted(schemas["OrderResult"]["properties"])
    assert sorted(placed["order"]) == sorted(schemas["Order"]["properties"])
    (instrument, *_) = (await venue.public("/instruments"))["items"]
    assert sorted(instrument) == sorted(schemas["Instrument"]["properties"])


async def test_the_document_is_openapi(venue: Venue) -> None:
    document = (await venue.client.get("/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    OpenAPI.model_validate(document)


async def test_what_is_not_ready_may_say_so_in_two_ways(venue: Venue) -> None:
    document = (await venue.client.get("/v1/openapi.json")).json()
    answers = document["paths"]["/ready"]["get"]["responses"]
    assert [*answers["503"]["content"]] == ["application/json", "application/problem+json"]
    assert [*answers["200"]["content"]] == ["application/json"]
