"""API keys of an account: made, listed and deleted by a login."""

import asyncio
from typing import Annotated, get_args

from fastapi import Path, Query, Request, Response

from simulator.api.documents import route
from simulator.api.errors import NotFound, RefusedByRule
from simulator.api.rest.common import AccountQuery, Own, answer, api_of, decoder, read_body
from simulator.api.rest.routing import v1_router
from simulator.api.shapes import identity as shapes
from simulator.api.wire import milliseconds
from simulator.database.credentials import ApiKey

router = v1_router("API keys", "/accounts/{account}/api-keys")

InWorld = Annotated[AccountQuery, Query()]

_MOST_KEYS = 20
_decoder = decoder(shapes.ApiKeyRequest)


@router.post("", **route(shapes.NewApiKey, status=201, body=shapes.ApiKeyRequest))
async def create_api_key(request: Request, own: Own, query: InWorld) -> Response:
    """A key for this account alone. The secret is shown this once."""
    context = api_of(request).context
    body: shapes.ApiKeyRequest = await read_body(request, _decoder)
    world_id = own.door.world.world_id
    existing = await asyncio.to_thread(context.credentials.api_keys_of, world_id, own.account_id)
    if len(existing) >= _MOST_KEYS:
        raise RefusedByRule(
            f"an account has at most {_MOST_KEYS} API keys",
            "TOO_MANY_API_KEYS",
            needed=str(len(existing) + 1),
            available=str(_MOST_KEYS),
        )
    wanted = ApiKey(
        "",
        own.caller.user.user_id,
        world_id,
        own.account_id,
        body.label,
        tuple(scope for scope in get_args(shapes.Scope) if scope in body.scopes),
        context.wall_ns(),
    )
    made, secret = await asyncio.to_thread(context.credentials.create_api_key, wanted)
    shape = shapes.NewApiKey(
        api_key=made.api_key,
        secret=secret,
        label=made.label,
        scopes=_scopes(made),
        created=milliseconds(made.created_ns),
    )
    return answer(shape, 201)


@router.get("", **route(shapes.ApiKeys))
async def list_api_keys(request: Request, own: Own, query: InWorld) -> Response:
    """The keys of the account, without their secrets."""
    find = api_of(request).context.credentials.api_keys_of
    found = await asyncio.to_thread(find, own.door.world.world_id, own.account_id)
    items = [
        shapes.ApiKey(
            api_key=each.api_key,
            label=each.label,
            scopes=_scopes(each),
            created=milliseconds(each.created_ns),
        )
        for each in found
    ]
    return answer(shapes.ApiKeys(items=items))


@router.delete("/{api_key}", **route(None, status=204))
async def delete_api_key(
    request: Request, own: Own, api_key: Annotated[str, Path(max_length=64)], query: InWorld
) -> Response:
    """From now on nothing signed with it is accepted."""
    api = api_of(request)
    delete = api.context.credentials.delete_api_key
    if not await asyncio.to_thread(delete, own.door.world.world_id, own.account_id, api_key):
        raise NotFound("the account has no such API key", "UNKNOWN_API_KEY")
    api.callers.end(api_key)
    return Response(status_code=204)


def _scopes(key: ApiKey) -> list[shapes.Scope]:
    return [scope for scope in get_args(shapes.Scope) if scope in key.scopes]
