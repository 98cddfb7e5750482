"""The examples of the OpenAPI document: asked of a live venue, and compared with the schemas."""

from typing import Any

import jsonschema
import msgspec
import pytest

from simulator.api.documents import operations
from simulator.api.examples import Example, load
from tests.api.example_story import tell
from tests.api.venue import Json, Venue

pytestmark = pytest.mark.anyio


async def _document(venue: Venue) -> Json:
    document: Json = (await venue.client.get("/v1/openapi.json")).json()
    return document


async def test_every_operation_has_an_example_that_succeeds(venue: Venue) -> None:
    examples = load()
    missing = [
        operation["operationId"]
        for _, _, operation in operations(await _document(venue))
        if not any(each.status < 300 for each in examples.get(operation["operationId"], ()))
    ]
    assert missing == [], "add them to tests/api/example_story.py"


async def test_the_examples_are_what_is_answered(venue: Venue) -> None:
    """If an answer is meant to be another now: python -m tests.api.record_examples."""
    told, recorded = await tell(venue), load()
    assert told.keys() == recorded.keys()
    for operation, examples in told.items():
        plain = msgspec.json.decode(msgspec.json.encode(examples), type=list[Example])
        assert plain == recorded[operation], operation


async def test_examples_fit_the_schemas(venue: Venue) -> None:
    """And so does what was answered just now, because that is the same."""
    document = await _document(venue)
    checked = 0
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                for example in content.get("examples", {}).values():
                    _check(document, content["schema"], example["value"])
                    checked += 1
                    if content["schema"].get("$ref", "").endswith("/Problem"):
                        assert example["value"]["status"] == int(status)
    told = [example for examples in load().values() for example in examples]
    assert checked == sum(example.status != 204 for example in told) >= 55


async def test_examples_of_requests_fit_the_schemas(venue: Venue) -> None:
    """But for those that show what becomes of a malformed one."""
    document = await _document(venue)
    checked = 0
    for _, _, operation in operations(document):
        good = [each for each in load().get(operation["operationId"], ()) if each.status != 422]
        schemas = {each["name"]: each["schema"] for each in operation.get("parameters", ())}
        for example in good:
            for name, value in (example.path | example.query).items():
                _check(document, schemas[name], value)
            if example.body is not None:
                content = operation["requestBody"]["content"]["application/json"]
                _check(document, content["schema"], example.body)
                checked += 1
    assert checked >= 15


async def test_an_example_that_does_not_fit_would_be_noticed(venue: Venue) -> None:
    document = await _document(venue)
    schema = {"$ref": "#/components/schemas/OrderRequest"}
    with pytest.raises(jsonschema.ValidationError):
        _check(document, schema, {"symbol": 5})


def _check(document: Json, schema: Json, value: Any) -> None:
    jsonschema.validate(
        value,
        {**schema, "components": document["components"]},
        cls=jsonschema.Draft202012Validator,
    )
