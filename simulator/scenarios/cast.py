"""Who surrounds the traders of a world: accounts of market makers and noise traders.

A world's first commands open these accounts in a fixed order, so their ids follow from their
place; a world that is opened again finds its cast without looking anything up.
"""

from collections.abc import Iterable

from simulator.core.model.accounts import FIRST_TRADER_ACCOUNT, FIRST_WALLET
from simulator.core.model.commands import AnyCommand, Deposit, OpenAccount, SetMarginMode
from simulator.core.model.enums import MarginMode
from simulator.core.model.instruments import VALUATION_ASSET, Instrument


def account_at(place: int) -> int:
    """The account id of the `place`-th account of a world, counted from 0."""
    return FIRST_TRADER_ACCOUNT + place


def spot_wallet_at(place: int) -> int:
    """Its SPOT wallet, if no isolated wallet was opened before it."""
    return FIRST_WALLET + 2 * place


def cross_wallet_at(place: int) -> int:
    """Its CROSS wallet, if no isolated wallet was opened before it."""
    return FIRST_WALLET + 2 * place + 1


def open_member(
    place: int, deposit: int, terms: Instrument, stock: int, free_of_fees: bool
) -> list[AnyCommand]:
    """Opens the next account, for one instrument: one of the two below, as its kind needs.

    `stock`: in quantity units, of a spot instrument, whose members are always free of fees.
    """
    if terms.base_asset_id is None:
        return open_cast_member(place, deposit, [terms.instrument_id], free_of_fees)
    return open_spot_member(place, deposit, terms, stock)


def open_spot_member(place: int, deposit: int, terms: Instrument, stock: int) -> list[AnyCommand]:
    """Opens the next account, free of fees, with money and `stock` of a base asset in SPOT.

    A maker or noise trader of a spot instrument: what it sells it has, and it borrows nothing.
    """
    if terms.base_asset_id is None:
        raise ValueError(f"{terms.symbol} is no spot instrument")
    wallet_id = spot_wallet_at(place)
    return [
        OpenAccount(0, 0),
        Deposit(wallet_id, VALUATION_ASSET, deposit),
        Deposit(wallet_id, terms.base_asset_id, stock * terms.base_multiplier),
    ]


def open_cast_member(
    place: int, deposit: int, instrument_ids: Iterable[int], free_of_fees: bool
) -> list[AnyCommand]:
    """Opens the next account, pays it in, and sets it to CROSS where it trades."""
    fee = 0 if free_of_fees else None
    commands: list[AnyCommand] = [
        OpenAccount(fee, fee),
        Deposit(cross_wallet_at(place), VALUATION_ASSET, deposit),
    ]
    commands += [
        SetMarginMode(account_at(place), instrument_id, MarginMode.CROSS)
        for instrument_id in instrument_ids
    ]
    return commands
