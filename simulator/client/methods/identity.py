"""Who calls: joining, signing up, logging in, tokens, accounts, API keys.

Joining and logging in change the client: it remembers the token, and with it the account.
"""

from collections.abc import Sequence
from typing import Any

from simulator.client.answers import (
    Accounts,
    ApiKeys,
    Guest,
    Login,
    Me,
    NewApiKey,
    OpenedAccount,
    Tokens,
)
from simulator.client.core import Call, Core, Work, path_segment
from simulator.client.endpoints import endpoint

READ_AND_TRADE = ("READ", "TRADE")


class IdentityMethods:
    core: Core

    @endpoint
    def join_as_guest(self, display_name: str | None = None) -> Work[Guest]:
        """Joins without a name or password; the client then acts for the new account."""
        body = {} if display_name is None else {"display_name": display_name}
        return self._join("/guests", body)

    @endpoint
    def sign_up(
        self, name: str, password: str, display_name: str | None = None
    ) -> Work[Guest | Me]:
        """A new user with an account; a guest who calls this becomes the user and keeps its own."""
        body: dict[str, Any] = {"name": name, "password": password}
        if self.core.token is not None:
            return self._become_user(body)
        if display_name is not None:
            body["display_name"] = display_name
        return self._join("/users", body)

    @endpoint
    def log_in(self, name: str, password: str) -> Work[Login]:
        """Makes a token; the client then acts for the user's first account, unless it has one."""
        return self._log_in({"name": name, "password": password})

    @endpoint
    def log_out(self) -> Work[None]:
        """The token is worth nothing any more, and the client forgets it."""
        return self._log_out()

    @endpoint
    def me(self) -> Work[Me]:
        return self.core.work(Call(method="GET", path="/me", answer=Me, repeatable=True))

    @endpoint
    def tokens(self) -> Work[Tokens]:
        """The user's login tokens, the newest first; what they are is not shown again."""
        return self.core.work(Call(method="GET", path="/me/tokens", answer=Tokens, repeatable=True))

    @endpoint
    def revoke_token(self, token_id: str) -> Work[None]:
        """Logs out wherever the token is in use. Raises NotFound if the user has no such token."""
        path = f"/me/tokens/{path_segment(token_id)}"
        return self.core.work(Call(method="DELETE", path=path, answer=None))

    @endpoint
    def open_account(self, label: str, world: str | None = None) -> Work[OpenedAccount]:
        """One more account. The client goes on acting for the one it had."""
        body = {"label": label, "world": world or self.core.world_id}
        body = {name: value for name, value in body.items() if value is not None}
        call: Call[OpenedAccount] = Call(
            method="POST", path="/accounts", answer=OpenedAccount, body=body
        )
        return self.core.work(call)

    @endpoint
    def accounts(self) -> Work[Accounts]:
        """The caller's accounts in all worlds."""
        call: Call[Accounts] = Call(
            method="GET", path="/accounts", answer=Accounts, repeatable=True
        )
        return self.core.work(call)

    @endpoint
    def create_api_key(
        self,
        label: str,
        scopes: Sequence[str] = READ_AND_TRADE,
        *,
        account_id: int | None = None,
    ) -> Work[NewApiKey]:
        """A key for one account. Its secret is shown this once."""
        call: Call[NewApiKey] = Call(
            method="POST",
            path=self.core.account_path("/api-keys", account_id),
            answer=NewApiKey,
            params=self.core.account_params(),
            body={"label": label, "scopes": list(scopes)},
        )
        return self.core.work(call)

    @endpoint
    def api_keys(self, *, account_id: int | None = None) -> Work[ApiKeys]:
        """The keys of an account, without their secrets."""
        call: Call[ApiKeys] = Call(
            method="GET",
            path=self.core.account_path("/api-keys", account_id),
            answer=ApiKeys,
            params=self.core.account_params(),
            repeatable=True,
        )
        return self.core.work(call)

    @endpoint
    def delete_api_key(self, api_key: str, *, account_id: int | None = None) -> Work[None]:
        call: Call[None] = Call(
            method="DELETE",
            path=self.core.account_path(f"/api-keys/{path_segment(api_key)}", account_id),
            answer=None,
            params=self.core.account_params(),
        )
        return self.core.work(call)

    # -- what changes the client -------------------------------------------------------------------

    def _join(self, path: str, body: dict[str, Any]) -> Work[Guest]:
        call: Call[Guest] = Call(method="POST", path=path, answer=Guest, body=body)
        guest = yield from self.core.work(call)
        self.core.token = guest.token
        self.core.world_id = guest.world
        self.core.account_id = guest.account_id
        return guest

    def _become_user(self, body: dict[str, Any]) -> Work[Me]:
        call: Call[Me] = Call(method="POST", path="/me/sign-up", answer=Me, body=body)
        return (yield from self.core.work(call))

    def _log_in(self, body: dict[str, Any]) -> Work[Login]:
        call: Call[Login] = Call(method="POST", path="/login", answer=Login, body=body)
        login = yield from self.core.work(call)
        self.core.token = login.token
        if self.core.account_id is None:
            listed: Call[Accounts] = Call(
                method="GET", path="/accounts", answer=Accounts, repeatable=True
            )
            accounts = (yield from self.core.work(listed)).items
            mine = [each for each in accounts if self.core.world_id in (None, each.world)]
            if mine:
                self.core.account_id = mine[0].account_id
                self.core.world_id = mine[0].world
        return login

    def _log_out(self) -> Work[None]:
        call: Call[None] = Call(method="POST", path="/logout", answer=None)
        yield from self.core.work(call)
        self.core.token = None
