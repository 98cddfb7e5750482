"""What a bot has of its instrument, and what it can pay for.

On a perpetual that is its position. On a spot instrument the bot begins with a stock of the base
asset in SPOT, and its inventory is what it has there more or less than that: sold out, it is as
short as it may be. Such a bot trades out of SPOT, where nothing can be borrowed.
"""

from simulator.core.model.enums import BUY, Side
from simulator.core.model.instruments import Instrument
from simulator.core.model.units import RATE_ONE
from simulator.core.rules.fills import fee_rate
from simulator.core.state.exchange_state import ExchangeState


def inventory_of(state: ExchangeState, account_id: int, terms: Instrument, stock: int) -> int:
    """The position; on a spot instrument what SPOT holds of the base asset beyond `stock`."""
    if terms.base_asset_id is None:
        exposure = state.find_exposure(account_id, terms.instrument_id)
        return 0 if exposure is None else exposure.net_quantity()
    wallet_id = state.accounts[account_id].spot_wallet_id
    held = state.holding(wallet_id, terms.base_asset_id).balance
    return held // terms.base_multiplier - stock


def payable_quantity(
    state: ExchangeState, account_id: int, terms: Instrument, side: Side, price: int
) -> int:
    """The largest spot order that what is free in SPOT pays for, at `price` and with its fee."""
    if terms.base_asset_id is None:
        raise ValueError(f"{terms.symbol} is no spot instrument")
    account = state.accounts[account_id]
    asset_id = terms.quote_asset_id if side is BUY else terms.base_asset_id
    holding = state.holding(account.spot_wallet_id, asset_id)
    free = max(0, holding.balance - holding.locked)
    if side is BUY:
        # The fees of what trades at once and of what rests are rounded up each: one unit more.
        rate = max(0, *(fee_rate(account, terms, maker) for maker in (True, False)))
        free = max(0, free - 1) * RATE_ONE // (RATE_ONE + rate)
    return free // terms.paid_with(side, 1, price)
