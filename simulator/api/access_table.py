"""`docs/access.md`, generated: every route, what it needs, and what each kind of caller gets."""

from typing import Final

from fastapi import FastAPI

from simulator.api.access import SCOPES, Need, need_of, routes_of

ROLES: Final = ("anonymous", "guest", "user", "owner", "admin", *SCOPES)
"""Guest and user are logged in, but the account or world is another's. The last are API keys of the
owner's account with this one scope."""

YES: Final = "yes"
_WORLD_CONTROL: Final = "/v1/worlds/{world}/"
_ACCOUNT: Final = "/v1/accounts/{account}"


def outcome(method: str, path: str, role: str) -> str:
    """`yes`, or the status with which the role is turned away."""
    need = need_of(method, path)
    if need is Need.PUBLIC:
        return YES
    if role == "anonymous":
        return "401"
    if role in SCOPES:
        return YES if need.value == role else "403"
    if role == "owner":
        return YES
    if path.startswith(_ACCOUNT):
        return YES if role == "admin" and need is Need.READ else "404"
    if path.startswith(_WORLD_CONTROL):
        return YES if role == "admin" else "403"
    return YES


def access_page(app: FastAPI) -> str:
    """The page, as it is to be stored."""
    head = ("method", "route", "needs", *ROLES)
    rows = [head, tuple("---" for _ in head)]
    for method, path, _ in routes_of(app):
        outcomes = (outcome(method, path, role) for role in ROLES)
        rows.append((method, f"`{path}`", need_of(method, path).value, *outcomes))
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"{_HEAD}\n{table}\n"


_HEAD: Final = """# Who may do what

Generated from `simulator/api/access.py` by `python -m tests.api.test_route_table`, and proven by
`tests/api/test_route_table.py`, which sends every one of these requests.

`owner` is a login to whom the account of the path belongs; `guest` and `user` are logged in, but
it is somebody else's. `READ`, `TRADE` and `TRANSFER` are API keys of the owner's account with just
that scope. `yes` means that the request is looked at; 401: who are you; 403: not yours to do; 404:
there is no such account for you.
"""
