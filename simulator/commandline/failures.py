"""What can go wrong with a verb: its exit code, one line for a person, one problem for a program.

Exit codes: 0 done, 1 the answer is no, 2 the call or its input is wrong, 3 there is no answer.
"""

from typing import Any, Final

from rich.markup import escape

from simulator.client import (
    ApiError,
    Forbidden,
    NotAuthenticated,
    NotChosen,
    RateLimited,
    Refused,
    SimulatorError,
    TransportError,
    Unavailable,
)

NO: Final = 1
WRONG_CALL: Final = 2
NO_ANSWER: Final = 3


class UsageError(ValueError):
    """A call that cannot be understood; the message says what would be right."""


class UnreachableError(Exception):
    """Nobody answers at the server's address."""


def exit_code(error: Exception) -> int:
    if isinstance(error, Refused | Forbidden):
        return NO
    if isinstance(error, RateLimited | Unavailable | TransportError | UnreachableError):
        return NO_ANSWER
    if isinstance(error, ApiError):
        return NO_ANSWER if error.status >= 500 else WRONG_CALL
    if isinstance(error, NotChosen) or not isinstance(error, SimulatorError):
        return WRONG_CALL
    return NO_ANSWER


def sentence(error: Exception) -> str:
    """One line, as rich markup: what is wrong, and what to do where that is known."""
    if isinstance(error, NotAuthenticated):
        return (
            f"{escape(error.detail)}; join with [bold]simulator account join[/] or "
            "[bold]simulator account log-in NAME[/]"
        )
    if isinstance(error, NotChosen):
        return (
            "no account is chosen; join with [bold]simulator account join[/], or choose one with "
            "[bold]simulator account use ID[/]"
        )
    if isinstance(error, Refused):
        return f"refused: {escape(error.detail)} [dim]({error.code})[/]"
    if isinstance(error, RateLimited):
        wait = "" if error.retry_after is None else f"; try again in {error.retry_after:g} s"
        return f"{escape(error.detail)}{wait}"
    if isinstance(error, ApiError):
        return f"{escape(error.detail)} [dim]({error.code})[/]"
    return escape(str(error))


def problem(error: Exception) -> dict[str, Any]:
    """The same as a JSON problem; of the server's it has code, status and numbers as sent."""
    if isinstance(error, ApiError):
        return {
            "code": error.code,
            "detail": error.detail,
            "status": error.status,
            "needed": error.needed,
            "available": error.available,
            "request_id": error.request_id,
            "seq": error.seq,
        }
    if isinstance(error, TransportError | UnreachableError):
        code = "UNREACHABLE"
    elif isinstance(error, NotChosen):
        code = "NO_ACCOUNT_CHOSEN"
    elif isinstance(error, SimulatorError):
        code = "NOT_UNDERSTOOD"
    else:
        code = "WRONG_CALL"
    return {"code": code, "detail": str(error)}
