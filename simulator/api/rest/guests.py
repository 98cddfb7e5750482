"""Joining as a guest: a user, a token, an account in the practice world with paper money."""

import asyncio

from fastapi import Request, Response

from simulator.api.documents import route
from simulator.api.rest.common import answer, api_of, decoder, host_of, read_body
from simulator.api.rest.opening import open_endowed
from simulator.api.rest.routing import v1_router
from simulator.api.service import Api
from simulator.api.shapes.accounts import Guest, GuestRequest
from simulator.api.wire import milliseconds
from simulator.database.identity import LinkedAccount, NewLogin

router = v1_router("guests")

_decoder = decoder(GuestRequest)


@router.post("/guests", **route(Guest, status=201, body=GuestRequest))
async def join(request: Request) -> Response:
    """Anyone may join. An empty body is fine."""
    api = api_of(request)
    body = GuestRequest()
    if await request.body():
        body = await read_body(request, _decoder)
    api.guests.take(host_of(request))
    door = api.door(None)
    opened = await open_endowed(api, door)
    now = api.context.wall_ns()
    login = await asyncio.to_thread(_register, api, opened.account_id, body.display_name, now)
    guest = Guest(
        user_id=login.user.user_id,
        token=login.token,
        token_expires=milliseconds(login.expires_ns),
        world=door.world.world_id,
        account_id=opened.account_id,
        seq=opened.seq,
    )
    return answer(guest, 201)


def _register(api: Api, account_id: int, display_name: str | None, now: int) -> NewLogin:
    context = api.context
    login = context.identities.create_guest(now, context.guest.token_lifetime_ns, display_name)
    account = LinkedAccount(context.default_world, account_id, "practice", now)
    context.identities.link_account(login.user.user_id, account)
    return login
