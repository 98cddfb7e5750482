"""Every "no" of the API in one format, problem+json, and the exceptions that carry them.

ApiProblem
├── MalformedRequest     422: the syntax, a type, an unknown field, a number out of range
├── NotAuthenticated     401
├── Forbidden            403: known, but this is not theirs to do
├── NotFound             404: there is none, or it is somebody else's
├── WrongMethod          405
├── TooLarge             413
├── RefusedByRule        409: the rules of the exchange say no, with the numbers (ORD-10)
├── RateLimited          429
├── TimedOut             503: the body or the answer did not come in time
└── Unavailable          503: the world is paused, halted, busy or closed

Whatever else escapes a route is a bug of ours: it is logged and answered with 500.
"""

from typing import Final

import msgspec

from simulator.api.shapes.base import Problem
from simulator.core.model.rejects import REJECT_TEXTS, RejectReason
from simulator.runtime.errors import WorldBusy, WorldUnavailable

MEDIA_TYPE: Final = "application/problem+json"

UNKNOWN_IDS: Final = frozenset(
    {
        RejectReason.UNKNOWN_ACCOUNT,
        RejectReason.UNKNOWN_INSTRUMENT,
        RejectReason.UNKNOWN_ASSET,
        RejectReason.UNKNOWN_WALLET,
        RejectReason.UNKNOWN_ORDER,
    }
)
"""Refusals that mean "there is no such thing": 404, whoever notices it."""


class ApiProblem(Exception):
    """A request that is answered with a problem instead of what it asked for."""

    status = 500
    code = "INTERNAL_ERROR"
    retry_after_s: int | None = None
    """When to try again, where that is known."""

    def __init__(
        self,
        detail: str,
        code: str | None = None,
        *,
        needed: str | None = None,
        available: str | None = None,
        seq: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.needed = needed
        self.available = available
        self.seq = seq

    def shape(self, request_id: str | None = None) -> Problem:
        """The problem as it is answered; text that is no Unicode is made so."""
        return Problem(
            type=f"/problems/{self.code}",
            title=self.code.replace("_", " ").capitalize(),
            status=self.status,
            code=self.code,
            detail=_clean(self.detail),
            needed=self.needed,
            available=self.available,
            request_id=request_id,
            seq=self.seq,
        )


class MalformedRequest(ApiProblem):
    status = 422
    code = "MALFORMED_REQUEST"


class NotAuthenticated(ApiProblem):
    status = 401
    code = "NOT_AUTHENTICATED"


class Forbidden(ApiProblem):
    status = 403
    code = "FORBIDDEN"


class NotFound(ApiProblem):
    status = 404
    code = "NOT_FOUND"


class WrongMethod(ApiProblem):
    status = 405
    code = "METHOD_NOT_ALLOWED"


class TooLarge(ApiProblem):
    status = 413
    code = "REQUEST_TOO_LARGE"


class RefusedByRule(ApiProblem):
    status = 409
    code = "REFUSED"


class RateLimited(ApiProblem):
    """`retry_after_ms`: when the next request of this kind would be taken."""

    status = 429
    code = "RATE_LIMITED"

    def __init__(self, what: str, retry_after_ms: int) -> None:
        super().__init__(f"too many {what}: try again in {retry_after_ms} ms")
        self.retry_after_ms = retry_after_ms
        self.retry_after_s = -(-retry_after_ms // 1000)


class TimedOut(ApiProblem):
    status = 503
    code = "TIMEOUT"


class Unavailable(ApiProblem):
    status = 503
    code = "WORLD_UNAVAILABLE"


class InternalError(ApiProblem):
    """A bug. What it was stands in the log under the request id, not in the answer."""

    def __init__(self) -> None:
        super().__init__("something broke here; the log knows more under this request_id")


def unavailable(error: WorldUnavailable) -> Unavailable:
    problem = Unavailable(str(error), error.code)
    if isinstance(error, WorldBusy):
        problem.retry_after_s = 1
    return problem


def as_problem(error: ApiProblem | WorldUnavailable) -> ApiProblem:
    """Why a part of a request was not done, for its place in the answer."""
    return error if isinstance(error, ApiProblem) else unavailable(error)


def refused(
    reason: RejectReason, needed: str | None, available: str | None, seq: int | None = None
) -> ApiProblem:
    """A refusal of the core; its numbers already in the unit of the reason."""
    if reason in UNKNOWN_IDS:
        return NotFound(REJECT_TEXTS[reason], reason.name, seq=seq)
    detail = refusal_detail(reason, needed, available)
    return RefusedByRule(detail, reason.name, needed=needed, available=available, seq=seq)


def refusal_detail(reason: RejectReason, needed: str | None, available: str | None) -> str:
    """The reason in words, with its numbers: `...: needed 120, available 96.4`."""
    numbers = [
        f"{name} {value}"
        for name, value in (("needed", needed), ("available", available))
        if value is not None
    ]
    text = REJECT_TEXTS[reason]
    return f"{text}: {', '.join(numbers)}" if numbers else text


def malformed(error: Exception) -> MalformedRequest:
    """What msgspec (or the limit of nesting) has to say of a body."""
    if isinstance(error, RecursionError):
        return MalformedRequest("the JSON is nested too deeply")
    if isinstance(error, UnicodeError):
        return MalformedRequest("the JSON is malformed: it is not UTF-8")
    if isinstance(error, msgspec.ValidationError):
        return MalformedRequest(str(error))
    return MalformedRequest(f"the JSON is malformed: {error}")


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
