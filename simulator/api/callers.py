"""Who is calling: a token's user and the accounts that are theirs.

What the database said is remembered for a short while, so that a busy client costs no query per
request. Whoever gives a user a new account, or logs one out, says so here.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from simulator.api.errors import NotAuthenticated, NotFound
from simulator.core.model.rejects import REJECT_TEXTS, RejectReason
from simulator.database.identity import Identities, LinkedAccount, User

_REMEMBERED_NS: Final = 15 * 10**9
_MOST_REMEMBERED: Final = 10_000
_LONGEST_TOKEN: Final = 256


class Caller(msgspec.Struct, frozen=True):
    user: User
    accounts: dict[tuple[str, int], LinkedAccount]
    """By world and account id."""

    def account(self, world_id: str, account_id: int) -> LinkedAccount:
        """Raises NotFound for any account that is not the caller's."""
        account = self.accounts.get((world_id, account_id))
        if account is None:
            raise unknown_account()
        return account


def unknown_account() -> NotFound:
    reason = RejectReason.UNKNOWN_ACCOUNT
    return NotFound(REJECT_TEXTS[reason], reason.name)


class Callers:
    """Tokens to callers."""

    def __init__(self, identities: Identities, wall_ns: Callable[[], int]) -> None:
        self._identities = identities
        self._wall_ns = wall_ns
        self._remembered: dict[str, tuple[int, Caller]] = {}

    async def of_token(self, token: str) -> Caller:
        """Raises NotAuthenticated."""
        now = self._wall_ns()
        known = self._remembered.get(token)
        if known is not None and 0 <= now - known[0] < _REMEMBERED_NS:
            return known[1]
        caller = None
        if len(token) <= _LONGEST_TOKEN:
            caller = await asyncio.to_thread(self._look_up, token, now)
        if caller is None:
            self._remembered.pop(token, None)
            raise NotAuthenticated("the token is unknown or has expired")
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[token] = (now, caller)
        return caller

    def _look_up(self, token: str, now: int) -> Caller | None:
        user = self._identities.user_of_token(token, now)
        if user is None:
            return None
        accounts = self._identities.accounts_of(user.user_id)
        return Caller(user, {(each.world_id, each.account_id): each for each in accounts})

    def forget(self, user_id: str) -> None:
        """The user's tokens or accounts changed."""
        stale = [
            token
            for token, (_, caller) in self._remembered.items()
            if caller.user.user_id == user_id
        ]
        for token in stale:
            del self._remembered[token]
