"""What an owner does with accounts as a whole: one more, deposits, a fresh start."""

import asyncio
from typing import Annotated

from fastapi import Query, Request, Response

from simulator.api import names, present
from simulator.api.documents import route
from simulator.api.errors import RefusedByRule
from simulator.api.rest.common import (
    AccountQuery,
    NoQuery,
    Own,
    TheCaller,
    answer,
    api_of,
    decoder,
    durable,
    read_body,
    submit,
)
from simulator.api.rest.opening import open_endowed
from simulator.api.rest.routing import v1_router
from simulator.api.shapes import accounts as account_shapes
from simulator.api.shapes import identity as shapes
from simulator.api.wire import milliseconds
from simulator.core.model.commands import DepositFunds, ResetAccount, SetPositionMode
from simulator.database.identity import LinkedAccount

router = v1_router("accounts", "/accounts")

InWorld = Annotated[AccountQuery, Query()]

_MOST_ACCOUNTS = 10
_account_decoder = decoder(shapes.NewAccountRequest)
_deposit_decoder = decoder(account_shapes.DepositRequest)
_position_mode_decoder = decoder(account_shapes.PositionModeRequest)


@router.post("", **route(shapes.NewAccount, status=201, body=shapes.NewAccountRequest))
async def open_account(
    request: Request, caller: TheCaller, query: Annotated[NoQuery, Query()]
) -> Response:
    """One more account with paper money; at most ten in a world."""
    api = api_of(request)
    body: shapes.NewAccountRequest = await read_body(request, _account_decoder)
    door = api.door(body.world)
    world_id, user_id = door.world.world_id, caller.user.user_id
    identities = api.context.identities
    async with api.opening:
        existing = await asyncio.to_thread(identities.accounts_of, user_id, world_id)
        if len(existing) >= _MOST_ACCOUNTS:
            raise RefusedByRule(
                f"a user has at most {_MOST_ACCOUNTS} accounts in a world",
                "TOO_MANY_ACCOUNTS",
                needed=str(len(existing) + 1),
                available=str(_MOST_ACCOUNTS),
            )
        opened = await open_endowed(api, door)
        account = LinkedAccount(world_id, opened.account_id, body.label, api.context.wall_ns())
        await asyncio.to_thread(identities.link_account, user_id, account)
    api.callers.forget(user_id)
    shape = shapes.NewAccount(
        account_id=opened.account_id, world=world_id, label=body.label, seq=opened.seq
    )
    return answer(shape, 201)


@router.post(
    "/{account}/deposits",
    **route(account_shapes.Deposited, status=201, body=account_shapes.DepositRequest),
)
async def deposit(request: Request, own: Own, query: InWorld) -> Response:
    """WAL-6: paper money from the mint, within the limit of the account's run."""
    body: account_shapes.DepositRequest = await read_body(request, _deposit_decoder)
    door, numbers = own.door, own.door.numbers
    asset_id = numbers.asset_id(body.asset)
    amount = numbers.parse_amount(body.amount, asset_id)
    target = names.WALLET_KINDS[body.wallet]
    receipt = await submit(
        door, DepositFunds(own.account_id, target, asset_id, amount), asset_id=asset_id
    )
    shape = account_shapes.Deposited(
        wallet=body.wallet,
        asset=numbers.asset_code(asset_id),
        amount=numbers.amount(amount, asset_id),
        seq=receipt.seq,
        time=milliseconds(receipt.time_ns),
        wallets=present.wallets(numbers, door.world.state, own.account_id),
    )
    return answer(await durable(door.world, shape), 201)


@router.post("/{account}/reset", **route(account_shapes.Reset))
async def reset(request: Request, own: Own, query: InWorld) -> Response:
    """WAL-7: cancels, closes at mark, and begins the next run with the endowment."""
    door = own.door
    endowment = api_of(request).context.guest.deposit
    receipt = await submit(door, ResetAccount(own.account_id, endowment))
    shape = account_shapes.Reset(
        account_id=own.account_id,
        run=door.world.state.accounts[own.account_id].run,
        seq=receipt.seq,
        time=milliseconds(receipt.time_ns),
        wallets=present.wallets(door.numbers, door.world.state, own.account_id),
    )
    return answer(await durable(door.world, shape))


@router.put(
    "/{account}/position-mode",
    **route(account_shapes.PositionModeSet, body=account_shapes.PositionModeRequest),
)
async def set_position_mode(request: Request, own: Own, query: InWorld) -> Response:
    """WAL-3: for all instruments at once; not with an open position or order."""
    body: account_shapes.PositionModeRequest = await read_body(request, _position_mode_decoder)
    mode = names.POSITION_MODES[body.position_mode]
    receipt = await submit(own.door, SetPositionMode(own.account_id, mode))
    shape = account_shapes.PositionModeSet(position_mode=body.position_mode, seq=receipt.seq)
    return answer(shape)
