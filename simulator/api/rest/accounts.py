"""A caller's accounts: wallets, transfers, settings, positions."""

from typing import Annotated

from fastapi import Query, Request, Response

from simulator.api import names, present
from simulator.api.documents import route
from simulator.api.rest.common import (
    AccountQuery,
    FormatQuery,
    Own,
    TheCaller,
    WholeListQuery,
    answer,
    decoder,
    durable,
    read_body,
    submit,
)
from simulator.api.rest.lists import answer_list
from simulator.api.rest.routing import v1_router
from simulator.api.shapes import accounts as shapes
from simulator.api.wire import milliseconds, optional_rate
from simulator.core.model.commands import SetLeverage, SetMarginMode, TransferFunds

router = v1_router("accounts", "/accounts")

InWorld = Annotated[AccountQuery, Query()]
WholeList = Annotated[WholeListQuery, Query()]

_transfer_decoder = decoder(shapes.TransferRequest)
_leverage_decoder = decoder(shapes.LeverageRequest)
_margin_mode_decoder = decoder(shapes.MarginModeRequest)


@router.get("", **route(shapes.Accounts, private=True, is_list=True))
async def list_accounts(caller: TheCaller, query: Annotated[FormatQuery, Query()]) -> Response:
    """The caller's accounts in all worlds."""
    items = [
        shapes.Account(account_id=each.account_id, world=each.world_id, label=each.label)
        for each in caller.accounts.values()
    ]
    return answer_list(query, shapes.Accounts(items=items), shapes.Account)


@router.get("/{account}", **route(shapes.AccountDetail, private=True))
async def get_account(own: Own, query: InWorld) -> Response:
    """Fees and settings of an account."""
    door, account_id = own.door, own.account_id
    state = door.world.state
    record = state.accounts[account_id]
    shape = shapes.AccountDetail(
        account_id=account_id,
        world=door.world.world_id,
        label=own.label,
        maker_fee_rate=optional_rate(record.maker_fee_rate),
        taker_fee_rate=optional_rate(record.taker_fee_rate),
        open_orders=present.count_open_orders(state, account_id),
        run=record.run,
        position_mode=names.POSITION_MODE_NAMES[record.position_mode],
        settings=present.all_settings(door.numbers, state, account_id),
        seq=state.seq,
        time=present.world_time(door.world),
    )
    return answer(await durable(door.world, shape))


@router.get("/{account}/wallets", **route(shapes.Wallets, private=True, is_list=True))
async def list_wallets(own: Own, query: WholeList) -> Response:
    """SPOT, CROSS and the isolated wallets in use, with their margin lines."""
    state = own.door.world.state
    shape = shapes.Wallets(
        items=present.wallets(own.door.numbers, state, own.account_id),
        seq=state.seq,
        time=present.world_time(own.door.world),
    )
    return answer_list(query, await durable(own.door.world, shape), shapes.Wallet)


@router.get("/{account}/positions", **route(shapes.Positions, private=True, is_list=True))
async def list_positions(own: Own, query: WholeList) -> Response:
    """Open positions with their liquidation and bankruptcy prices, and their places in the queue of
    auto-deleveraging (LIQ-7)."""
    state = own.door.world.state
    shape = shapes.Positions(
        items=present.queued_positions(own.door.numbers, state, own.account_id),
        seq=state.seq,
        time=present.world_time(own.door.world),
    )
    return answer_list(query, await durable(own.door.world, shape), shapes.Position)


@router.post(
    "/{account}/transfers",
    **route(shapes.Transfer, status=201, body=shapes.TransferRequest, private=True),
)
async def transfer(request: Request, own: Own, query: InWorld) -> Response:
    """Moves money between wallets of the account (WAL-5)."""
    body: shapes.TransferRequest = await read_body(request, _transfer_decoder)
    door, numbers = own.door, own.door.numbers
    asset_id = numbers.asset_id(body.asset)
    command = TransferFunds(
        own.account_id,
        names.WALLET_KINDS[body.source],
        names.WALLET_KINDS[body.target],
        asset_id,
        numbers.parse_amount(body.amount, asset_id),
        None if body.symbol is None else numbers.by_symbol(body.symbol).instrument_id,
        names.position_side(body.position_side),
    )
    receipt = await submit(door, command, asset_id=asset_id)
    shape = shapes.Transfer(
        source=body.source,
        target=body.target,
        asset=numbers.asset_code(asset_id),
        amount=numbers.amount(command.amount, asset_id),
        seq=receipt.seq,
        time=milliseconds(receipt.time_ns),
        wallets=present.wallets(numbers, door.world.state, own.account_id),
    )
    return answer(await durable(door.world, shape), 201)


@router.put(
    "/{account}/leverage",
    **route(shapes.SettingsChanged, body=shapes.LeverageRequest, private=True),
)
async def set_leverage(request: Request, own: Own, query: InWorld) -> Response:
    """WAL-3: the leverage on one instrument; it moves no margin by itself."""
    body: shapes.LeverageRequest = await read_body(request, _leverage_decoder)
    instrument_id = own.door.numbers.by_symbol(body.symbol).instrument_id
    command = SetLeverage(own.account_id, instrument_id, body.leverage)
    return await _settings_changed(own, command, instrument_id)


@router.put(
    "/{account}/margin-mode",
    **route(shapes.SettingsChanged, body=shapes.MarginModeRequest, private=True),
)
async def set_margin_mode(request: Request, own: Own, query: InWorld) -> Response:
    """WAL-3: CROSS or ISOLATED on one instrument; not with an open position or order there."""
    body: shapes.MarginModeRequest = await read_body(request, _margin_mode_decoder)
    instrument_id = own.door.numbers.by_symbol(body.symbol).instrument_id
    mode = names.MARGIN_MODES[body.margin_mode]
    return await _settings_changed(
        own, SetMarginMode(own.account_id, instrument_id, mode), instrument_id
    )


async def _settings_changed(
    own: Own, command: SetLeverage | SetMarginMode, instrument_id: int
) -> Response:
    receipt = await submit(own.door, command, instrument_id)
    state = own.door.world.state
    chosen = present.settings(own.door.numbers, state, own.account_id, instrument_id)
    shape = shapes.SettingsChanged(settings=chosen, seq=receipt.seq)
    return answer(await durable(own.door.world, shape))
