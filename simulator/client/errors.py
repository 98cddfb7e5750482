"""What can go wrong, as exceptions.

SimulatorError
├── TransportError       no answer: refused, cut off, timed out; what became of it is not known
├── UnreadableAnswer     an answer that is not what this client was written for
├── NotChosen            the call needs an account, and the client was not told of one
└── ApiError             the exchange said no: status, code, detail, needed, available
    ├── Malformed        400, 405, 413, 422: the request itself is wrong
    ├── NotAuthenticated 401
    ├── Forbidden        403
    ├── NotFound         404: there is none, or it is somebody else's
    ├── Refused          409: the rules say no, with the numbers
    ├── RateLimited      429, with the seconds to wait
    └── Unavailable      503: the world is paused, halted or stopped

Anything else that the exchange answers (500) is an ApiError itself.
"""

from decimal import Decimal
from typing import Final

import msgspec


class SimulatorError(Exception):
    """Whatever this client raises for reasons outside the program that calls it."""


class TransportError(SimulatorError):
    """There was no answer. A request that changes something may have been done all the same."""


class UnreadableAnswer(SimulatorError):
    """The answer is no JSON of the shape that was expected."""


class NotChosen(SimulatorError):
    """Neither the call nor the client names an account."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's "no" as it is sent, over REST and over the websocket."""

    code: str
    detail: str
    status: int = 500
    needed: Decimal | None = None
    available: Decimal | None = None
    request_id: str | None = None
    seq: int | None = None


class ApiError(SimulatorError):
    """The exchange answered with a problem. `code` says which; it is meant to be compared."""

    def __init__(self, problem: Problem, retry_after: float | None = None) -> None:
        super().__init__(f"{problem.code}: {problem.detail}")
        self.status = problem.status
        self.code = problem.code
        self.detail = problem.detail
        self.needed = problem.needed
        self.available = problem.available
        self.request_id = problem.request_id
        self.seq = problem.seq
        self.retry_after = retry_after
        """Seconds after which it may be tried again, if the exchange said."""


class Malformed(ApiError):
    """The request cannot be read, or not be meant so."""


class NotAuthenticated(ApiError):
    """No login or key, or one that is not (any longer) known."""


class Forbidden(ApiError):
    """The caller is known, and may not do this."""


class NotFound(ApiError):
    """There is no such thing, or it belongs to somebody else."""


class Refused(ApiError):
    """A rule of the exchange says no; `needed` and `available` are its numbers."""


class RateLimited(ApiError):
    """Too many requests."""


class Unavailable(ApiError):
    """The world does not take commands now."""


_BY_STATUS: Final[dict[int, type[ApiError]]] = {
    400: Malformed,
    401: NotAuthenticated,
    403: Forbidden,
    404: NotFound,
    405: Malformed,
    409: Refused,
    413: Malformed,
    422: Malformed,
    429: RateLimited,
    503: Unavailable,
}


def error_of(problem: Problem, retry_after: float | None = None) -> ApiError:
    """The exception that a problem is."""
    return _BY_STATUS.get(problem.status, ApiError)(problem, retry_after)
