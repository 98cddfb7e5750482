"""Signing up, logging in and out, and what a user knows of itself."""

import asyncio
from typing import Annotated

from fastapi import Path, Query, Request, Response

from simulator.api.callers import Caller
from simulator.api.documents import route
from simulator.api.errors import NotAuthenticated, NotFound, RefusedByRule
from simulator.api.rest.common import (
    COOKIE,
    NoQuery,
    TheCaller,
    answer,
    api_of,
    csrf_token_of,
    decoder,
    host_of,
    read_body,
)
from simulator.api.rest.opening import open_endowed
from simulator.api.rest.routing import v1_router
from simulator.api.service import Api
from simulator.api.shapes import identity as shapes
from simulator.api.shapes.accounts import Account, Guest
from simulator.api.wire import milliseconds
from simulator.database.credentials import AlreadySignedUpError, NameTakenError
from simulator.database.identity import LinkedAccount, NewLogin, User

router = v1_router("users")

Nothing = Annotated[NoQuery, Query()]

_sign_up_decoder = decoder(shapes.SignUpRequest)
_upgrade_decoder = decoder(shapes.UpgradeRequest)
_login_decoder = decoder(shapes.LoginRequest)


@router.post("/users", **route(Guest, status=201, body=shapes.SignUpRequest))
async def sign_up(request: Request, query: Nothing) -> Response:
    """A user with a name and a password, a token, and an account in the practice world."""
    api = api_of(request)
    body: shapes.SignUpRequest = await read_body(request, _sign_up_decoder)
    api.guests.take(host_of(request))
    if not await asyncio.to_thread(api.context.credentials.is_free, body.name):
        raise _name_taken(body.name)
    door = api.door(None)
    opened = await open_endowed(api, door)
    now = api.context.wall_ns()
    login = await asyncio.to_thread(_register, api, opened.account_id, body, now)
    shape = Guest(
        user_id=login.user.user_id,
        token=login.token,
        token_expires=milliseconds(login.expires_ns),
        world=door.world.world_id,
        account_id=opened.account_id,
        seq=opened.seq,
    )
    return answer(shape, 201)


def _register(api: Api, account_id: int, body: shapes.SignUpRequest, now: int) -> NewLogin:
    """Of two who want a name at the same moment, one is refused here."""
    context = api.context
    lifetime = context.guest.token_lifetime_ns
    login = context.identities.create_guest(now, lifetime, body.display_name)
    user_id = login.user.user_id
    try:
        context.credentials.sign_up(user_id, body.name, body.password, now)
    except NameTakenError as error:
        context.identities.close_user(user_id, now)
        raise _name_taken(body.name) from error
    account = LinkedAccount(context.default_world, account_id, context.default_world, now)
    context.identities.link_account(user_id, account)
    return login


def _name_taken(name: str) -> RefusedByRule:
    return RefusedByRule(f"the name {name} is taken", "NAME_TAKEN")


@router.post("/login", **route(shapes.Login, body=shapes.LoginRequest))
async def log_in(request: Request, query: Nothing) -> Response:
    """A token for a name and its password, in the body or as a cookie."""
    api, context = api_of(request), api_of(request).context
    api.requests.take(host_of(request))
    body: shapes.LoginRequest = await read_body(request, _login_decoder)
    user = await _check_password(api, body, host_of(request))
    now, lifetime = context.wall_ns(), context.guest.token_lifetime_ns
    token = await asyncio.to_thread(context.identities.create_token, user.user_id, now, lifetime)
    shape = shapes.Login(
        user_id=user.user_id,
        token=None if body.cookie else token,
        token_expires=milliseconds(now + lifetime),
        csrf_token=csrf_token_of(token) if body.cookie else None,
    )
    response = answer(shape)
    if body.cookie:
        response.set_cookie(
            COOKIE,
            token,
            max_age=lifetime // 10**9,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    return response


async def _check_password(api: Api, body: shapes.LoginRequest, host: str) -> User:
    """Raises NotAuthenticated, RateLimited."""
    name = "name:" + body.name.casefold()
    api.attempts_of_host.take(host)
    api.attempts_on_name.take(name)
    find = api.context.credentials.user_of_password
    user = await asyncio.to_thread(find, body.name, body.password)
    if user is None:
        raise NotAuthenticated("the name or the password is wrong", "WRONG_PASSWORD")
    api.attempts_of_host.forgive(host)
    api.attempts_on_name.forgive(name)
    return user


@router.post("/logout", **route(None, status=204))
async def log_out(request: Request, caller: TheCaller, query: Nothing) -> Response:
    """Revokes the token that this request came with."""
    await _revoke(api_of(request), caller, caller.credential_id)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return response


async def _revoke(api: Api, caller: Caller, token_id: str) -> bool:
    revoke = api.context.credentials.revoke_token_by_id
    revoked = await asyncio.to_thread(revoke, caller.user.user_id, token_id)
    if revoked:
        api.callers.end(token_id)
    return revoked


@router.get("/me", **route(shapes.Me))
async def get_me(caller: TheCaller, query: Nothing) -> Response:
    """Who the caller is, and its accounts in all worlds."""
    return answer(_me(caller))


def _me(caller: Caller) -> shapes.Me:
    user = caller.user
    return shapes.Me(
        user_id=user.user_id,
        kind="GUEST" if user.name is None else "USER",
        name=user.name,
        display_name=user.display_name,
        is_admin=user.is_admin,
        accounts=[
            Account(account_id=each.account_id, world=each.world_id, label=each.label)
            for each in caller.accounts.values()
        ],
    )


@router.post("/me/sign-up", **route(shapes.Me, body=shapes.UpgradeRequest))
async def upgrade(request: Request, caller: TheCaller, query: Nothing) -> Response:
    """A guest becomes a user with a name and a password, and keeps accounts and tokens."""
    api = api_of(request)
    body: shapes.UpgradeRequest = await read_body(request, _upgrade_decoder)
    store = api.context.credentials.sign_up
    user_id, now = caller.user.user_id, api.context.wall_ns()
    try:
        await asyncio.to_thread(store, user_id, body.name, body.password, now)
    except NameTakenError as error:
        raise _name_taken(body.name) from error
    except AlreadySignedUpError as error:
        raise RefusedByRule("you have signed up already", "ALREADY_SIGNED_UP") from error
    api.callers.forget(user_id)
    accounts = _me(caller).accounts
    shape = shapes.Me(
        user_id=user_id,
        kind="USER",
        name=body.name,
        display_name=caller.user.display_name,
        is_admin=False,
        accounts=accounts,
    )
    return answer(shape)


@router.get("/me/tokens", **route(shapes.Tokens))
async def list_tokens(request: Request, caller: TheCaller, query: Nothing) -> Response:
    """The caller's login tokens, the newest first; what they are is not shown again."""
    context = api_of(request).context
    find = context.credentials.tokens_of
    found = await asyncio.to_thread(find, caller.user.user_id, context.wall_ns())
    items = [
        shapes.Token(
            token_id=each.token_id,
            created=milliseconds(each.created_ns),
            expires=milliseconds(each.expires_ns),
            current=each.token_id == caller.credential_id,
        )
        for each in found
    ]
    return answer(shapes.Tokens(items=items))


@router.delete("/me/tokens/{token_id}", **route(None, status=204))
async def revoke_token(
    request: Request,
    caller: TheCaller,
    token_id: Annotated[str, Path(max_length=64)],
    query: Nothing,
) -> Response:
    """Logs out wherever the token is in use."""
    if not await _revoke(api_of(request), caller, token_id):
        raise NotFound("you have no such token", "UNKNOWN_TOKEN")
    return Response(status_code=204)
