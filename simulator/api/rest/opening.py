"""Opening an account with paper money in it: guests, users and second accounts do it alike."""

from typing import NamedTuple

from simulator.api.rest.common import submit
from simulator.api.service import Api, Door
from simulator.core.model.commands import Deposit, OpenAccount
from simulator.core.model.events import AccountOpened
from simulator.core.model.instruments import VALUATION_ASSET


class Opened(NamedTuple):
    account_id: int
    seq: int


async def open_endowed(api: Api, door: Door) -> Opened:
    """A new account with the endowment in CROSS. Raises WorldUnavailable."""
    opened = (await submit(door, OpenAccount())).events[0]
    if not isinstance(opened, AccountOpened):
        raise AssertionError(f"an account opens with {opened!r}")
    deposit = Deposit(opened.cross_wallet_id, VALUATION_ASSET, api.context.guest.deposit)
    receipt = await submit(door, deposit)
    return Opened(opened.account_id, receipt.seq)
