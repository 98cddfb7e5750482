"""Who is calling: a login or an API key, the accounts that are theirs, and what they may do.

What the database said is remembered for a short while, so that a busy client costs no query per
request; but never beyond the end of a login. Every login and key has one `Ticket` in this process:
a log-out ends it, and with it whatever was remembered and every websocket that goes by it.
"""

import asyncio
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary

import msgspec

from simulator.api.access import Need
from simulator.api.errors import Forbidden, NotAuthenticated, NotFound, Unavailable
from simulator.api.signatures import SignatureCheck, SignedRequest, bad_signature
from simulator.core.model.rejects import REJECT_TEXTS, RejectReason
from simulator.database.credentials import ApiKey, Credentials, token_id_of
from simulator.database.identity import Identities, LinkedAccount, User, hash_of
from simulator.database.sealing import ServerKeyError
from simulator.runtime.forgiving_log import ForgivingLog

log = ForgivingLog()

_REMEMBERED_NS: Final = 15 * 10**9
_MOST_REMEMBERED: Final = 10_000
_LONGEST_TOKEN: Final = 256


class Ticket:
    """The life of one login or key, shared by all who go by it."""

    def __init__(self, expires_ns: int | None) -> None:
        self.expires_ns = expires_ns
        self.over = False
        self._listeners: dict[Callable[[], None], None] = {}

    def is_valid(self, now_ns: int) -> bool:
        return not self.over and (self.expires_ns is None or now_ns < self.expires_ns)

    def when_over(self, listener: Callable[[], None]) -> None:
        self._listeners[listener] = None

    def leave(self, listener: Callable[[], None]) -> None:
        self._listeners.pop(listener, None)

    def end(self) -> None:
        self.over = True
        for listener in list(self._listeners):
            listener()


class Caller(msgspec.Struct, frozen=True):
    user: User
    accounts: dict[tuple[str, int], LinkedAccount]
    """By world and account id; of an API key, its one account."""
    ticket: Ticket
    credential_id: str
    """The id of the login token, or the API key."""
    scopes: frozenset[str] | None = None
    """Of an API key; none for a login, which may do everything."""

    def account(self, world_id: str, account_id: int) -> LinkedAccount:
        """Raises NotFound for any account that is not the caller's."""
        account = self.accounts.get((world_id, account_id))
        if account is None:
            raise unknown_account()
        return account

    def require(self, need: Need) -> None:
        """Raises Forbidden if the caller goes by an API key that may not do this."""
        if self.scopes is None or need is Need.PUBLIC:
            return
        if need is Need.LOGIN:
            raise Forbidden("only a login may do this, no API key", "MISSING_SCOPE")
        if need.value not in self.scopes:
            raise Forbidden(f"the API key lacks the scope {need.value}", "MISSING_SCOPE")

    @property
    def is_admin(self) -> bool:
        """An API key of an admin is a key like any other."""
        return self.user.is_admin and self.scopes is None


def unknown_account() -> NotFound:
    reason = RejectReason.UNKNOWN_ACCOUNT
    return NotFound(REJECT_TEXTS[reason], reason.name)


class _KnownKey(msgspec.Struct, frozen=True):
    secret: str
    caller: Caller


class Callers:
    """Tokens and signatures to callers. Belongs to the event loop's thread."""

    def __init__(
        self, identities: Identities, credentials: Credentials, wall_ns: Callable[[], int]
    ) -> None:
        self._identities = identities
        self._credentials = credentials
        self._wall_ns = wall_ns
        self._signatures = SignatureCheck(wall_ns)
        self._logins: dict[str, tuple[int, Caller]] = {}
        self._keys: dict[str, tuple[int, _KnownKey]] = {}
        self._tickets: WeakValueDictionary[str, Ticket] = WeakValueDictionary()
        self._changes = 0
        """Counts what was said to be forgotten: a look-up that one came between is repeated."""

    # -- logins ------------------------------------------------------------------------------------

    async def of_token(self, token: str) -> Caller:
        """Raises NotAuthenticated."""
        now = self._wall_ns()
        known = self._logins.get(token)
        if known is not None and _is_fresh(known[0], now) and known[1].ticket.is_valid(now):
            return known[1]
        self._logins.pop(token, None)
        caller = None
        if len(token) <= _LONGEST_TOKEN:
            caller = await self._look_up_unchanged(lambda: self._look_up_token(token, now))
        if caller is None:
            raise NotAuthenticated("the token is unknown or has expired")
        if len(self._logins) >= _MOST_REMEMBERED:
            self._logins.clear()
        self._logins[token] = (now, caller)
        return caller

    async def _look_up_unchanged(
        self, look_up: Callable[[], tuple[Caller, int] | None]
    ) -> Caller | None:
        """Looks up in a thread until nothing was forgotten meanwhile."""
        while True:
            changes = self._changes
            found = await asyncio.to_thread(look_up)
            if changes == self._changes:
                return None if found is None else self._with_ticket(*found)

    def _with_ticket(self, caller: Caller, expires_ns: int) -> Caller:
        ticket = self._tickets.get(caller.credential_id)
        if ticket is None or ticket.over:
            ticket = self._tickets[caller.credential_id] = Ticket(expires_ns or None)
        return msgspec.structs.replace(caller, ticket=ticket)

    def _look_up_token(self, token: str, now: int) -> tuple[Caller, int] | None:
        login = self._identities.login_of_token(token, now)
        if login is None:
            return None
        accounts = self._identities.accounts_of(login.user.user_id)
        by_key = {(each.world_id, each.account_id): each for each in accounts}
        caller = Caller(login.user, by_key, _NO_TICKET, token_id_of(hash_of(token)))
        return caller, login.expires_ns

    # -- API keys ----------------------------------------------------------------------------------

    async def of_signature(self, request: SignedRequest) -> Caller:
        """Raises NotAuthenticated, Unavailable."""
        self._signatures.check_time(request)
        known = await self._key(request.api_key)
        self._signatures.accept(known.secret, request)
        return known.caller

    async def _key(self, api_key: str) -> _KnownKey:
        now = self._wall_ns()
        remembered = self._keys.get(api_key)
        if remembered is not None and _is_fresh(remembered[0], now):
            if not remembered[1].caller.ticket.over:
                return remembered[1]
        self._keys.pop(api_key, None)
        secrets: list[str] = []
        caller = None
        if len(api_key) <= _LONGEST_TOKEN:
            caller = await self._look_up_unchanged(lambda: self._look_up_key(api_key, secrets))
        if caller is None:
            raise bad_signature()
        if len(self._keys) >= _MOST_REMEMBERED:
            self._keys.clear()
        known = _KnownKey(secrets[-1], caller)
        self._keys[api_key] = (now, known)
        return known

    def _look_up_key(self, api_key: str, secrets: list[str]) -> tuple[Caller, int] | None:
        try:
            found = self._credentials.find_api_key(api_key)
        except ServerKeyError as error:
            log.error("an API key cannot be used", api_key=api_key, reason=str(error))
            raise Unavailable(str(error), "SECRET_UNREADABLE") from error
        if found is None:
            return None
        key, secret, user = found
        secrets.append(secret)
        account = LinkedAccount(key.world_id, key.account_id, _label(self._identities, key), 0)
        accounts = {(key.world_id, key.account_id): account}
        scopes = frozenset(key.scopes)
        return Caller(user, accounts, _NO_TICKET, key.api_key, scopes), 0

    # -- endings -----------------------------------------------------------------------------------

    def forget(self, user_id: str) -> None:
        """The user's accounts or name changed: what is remembered is looked up again."""
        self._changes += 1
        for token, (_, caller) in list(self._logins.items()):
            if caller.user.user_id == user_id:
                del self._logins[token]

    def end(self, credential_id: str) -> None:
        """A login token was revoked, or an API key deleted, and the database knows it."""
        self._changes += 1
        ticket = self._tickets.get(credential_id)
        if ticket is not None:
            ticket.end()


_NO_TICKET: Final = Ticket(None)


def _is_fresh(looked_up_ns: int, now_ns: int) -> bool:
    return 0 <= now_ns - looked_up_ns < _REMEMBERED_NS


def _label(identities: Identities, key: ApiKey) -> str:
    account = identities.find_account(key.world_id, key.account_id)
    return "" if account is None else account.label
