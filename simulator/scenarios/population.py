"""A crowd of leveraged traders for a replay: drawn from a seed, each with a position and a habit.

They enter one after the other over the first part of the replay, at market, some long and some
short, with isolated or cross margin, and mostly wait for what comes. A part of them answers its
first margin call with a reserve from SPOT. A part may trade on spot margin: the long ones borrow
money, the short ones the asset. Same seed, same crowd: nothing here is random anew.
"""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import Final

import msgspec

from simulator.core.model.commands import AnyCommand, Deposit, TransferFunds
from simulator.core.model.enums import MarginMode, Side, WalletKind
from simulator.core.model.instruments import VALUATION_ASSET, Instrument
from simulator.core.model.units import NS_PER_SECOND, RATE_ONE
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Wallet
from simulator.market.dice import Dice
from simulator.scenarios.cast import account_at, open_cast_member, spot_wallet_at
from simulator.scenarios.scripted_trader import ScriptedTrader, TraderSpec

_PURPOSE: Final = 7_001
"""The key that sets these draws apart from all others of the same seed."""
_SPOT_PURPOSE: Final = 7_002
"""Of those on spot margin: who is on it leaves the others as they are."""

_DEPOSITS: Final = (100, 200, 500, 500, 1_000, 1_000, 2_000, 5_000, 10_000, 25_000)
"""Whole units of the valuation asset; drawn evenly."""
_LEVERAGES: Final = (3, 5, 5, 10, 10, 10, 20, 20, 25, 50)
_HIGHEST_IN_CROSS: Final = 5
"""On spot margin (BOR-5)."""
_LONG_RATE: Final = 65 * RATE_ONE // 100
_ISOLATED_RATE: Final = 60 * RATE_ONE // 100
_RESERVE_RATE: Final = 15 * RATE_ONE // 100
"""How many keep a reserve as large as their deposit, and answer a margin call."""
_ANSWER_INTERVAL_NS: Final = 30 * NS_PER_SECOND


class Crowd(msgspec.Struct, frozen=True):
    """How many, drawn from which seed, and the world times between which they enter."""

    size: int
    seed: int
    begin_ns: int
    enter_until_ns: int
    spot_share: int = 0
    """How many of them trade on spot margin, as a rate in 1e-12."""


class Member(msgspec.Struct, frozen=True):
    """One of the crowd. Amounts are in minor units of the valuation asset."""

    spec: TraderSpec
    account_id: int
    entry_ns: int
    reserve: int


def draw_members(
    crowd: Crowd,
    instruments: Sequence[tuple[Instrument, int]],
    minor: int,
    first_place: int,
    spot: Sequence[tuple[Instrument, int]] = (),
) -> list[Member]:
    """All members, with the account places from `first_place` on.

    `instruments` come with their highest leverage; `minor` is one unit of the valuation asset.
    Those on spot margin trade one of `spot`.
    """
    members = []
    window = crowd.enter_until_ns - crowd.begin_ns
    for number in range(crowd.size):
        dice, tradable = Dice(crowd.seed, _SPOT_PURPOSE, number), spot
        if not dice.chance(crowd.spot_share):
            dice, tradable = Dice(crowd.seed, _PURPOSE, number), instruments
        spec = _draw(number, dice, tradable, minor)
        reserve = spec.deposit if dice.chance(_RESERVE_RATE) else 0
        entry_ns = crowd.begin_ns + dice.below(window)
        members.append(Member(spec, account_at(first_place + number), entry_ns, reserve))
    return members


def _draw(
    number: int, dice: Dice, instruments: Sequence[tuple[Instrument, int]], minor: int
) -> TraderSpec:
    terms, highest = instruments[dice.below(len(instruments))]
    deposit = _DEPOSITS[dice.below(len(_DEPOSITS))] * minor
    leverage = min(_LEVERAGES[dice.below(len(_LEVERAGES))], highest)
    side = Side.BUY if dice.chance(_LONG_RATE) else Side.SELL
    mode = MarginMode.ISOLATED if dice.chance(_ISOLATED_RATE) else MarginMode.CROSS
    if terms.base_asset_id is not None and mode == MarginMode.CROSS:
        leverage = min(leverage, _HIGHEST_IN_CROSS)
    return TraderSpec(f"crowd-{number}", terms, side, leverage, mode, deposit)


def opening_commands(members: Sequence[Member], first_place: int) -> list[AnyCommand]:
    """Their accounts with deposit and reserve, in the order of their places."""
    commands: list[AnyCommand] = []
    for number, member in enumerate(members):
        place = first_place + number
        commands += open_cast_member(place, member.spec.deposit, [], False)
        if member.reserve:
            wallet_id = spot_wallet_at(place)
            commands.append(Deposit(wallet_id, VALUATION_ASSET, member.reserve))
    return commands


class Population:
    """The members as one agent: whoever is due enters, and calls are looked for twice a minute."""

    def __init__(self, members: Sequence[Member], begin_ns: int) -> None:
        self._traders = [
            ScriptedTrader(each.spec, each.account_id, each.entry_ns) for each in members
        ]
        self._due = [
            (trader.next_wake_ns, number)
            for number, trader in enumerate(self._traders)
            if trader.next_wake_ns is not None
        ]
        heapify(self._due)
        self._reserves: dict[int, Member] = {
            each.account_id: each for each in members if each.reserve
        }
        self._look_ns = begin_ns + _ANSWER_INTERVAL_NS

    @property
    def next_wake_ns(self) -> int | None:
        moments = [self._due[0][0]] if self._due else []
        if self._reserves:
            moments.append(self._look_ns)
        return min(moments) if moments else None

    def wake(self, time_ns: int, state: ExchangeState) -> list[AnyCommand]:
        commands: list[AnyCommand] = []
        while self._due and self._due[0][0] <= time_ns:
            _, number = heappop(self._due)
            trader = self._traders[number]
            commands += trader.wake(time_ns, state)
            if trader.next_wake_ns is not None:
                heappush(self._due, (trader.next_wake_ns, number))
        if self._look_ns <= time_ns:
            self._look_ns = time_ns + _ANSWER_INTERVAL_NS
            commands += self._answers(state)
        return commands

    def _answers(self, state: ExchangeState) -> list[AnyCommand]:
        """Moves each reserve whose owner has a call: to CROSS, and on to the called wallet."""
        commands: list[AnyCommand] = []
        called = [state.wallets[wallet_id] for wallet_id in state.standing_calls]
        for wallet in called:
            member = self._reserves.pop(wallet.account_id, None)
            if member is not None:
                commands += _move_reserve(member, wallet)
        return commands


def _move_reserve(member: Member, wallet: Wallet) -> list[AnyCommand]:
    account_id, amount = member.account_id, member.reserve
    ways = [(WalletKind.SPOT, WalletKind.CROSS)]
    if wallet.kind == WalletKind.ISOLATED:
        ways.append((WalletKind.CROSS, WalletKind.ISOLATED))
    return [
        TransferFunds(
            account_id,
            source,
            target,
            VALUATION_ASSET,
            amount,
            wallet.instrument_id,
            wallet.position_side,
        )
        for source, target in ways
    ]
