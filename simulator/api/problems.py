"""Exceptions into answers: what FastAPI calls when a route raised."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from simulator.api.errors import (
    MEDIA_TYPE,
    ApiProblem,
    MalformedRequest,
    NotAuthenticated,
    NotFound,
    WrongMethod,
    unavailable,
)
from simulator.api.middleware import REQUEST_ID
from simulator.api.stream.readers import encode
from simulator.runtime.errors import WorldUnavailable


def answer_problem(request: Request, problem: ApiProblem) -> Response:
    headers: dict[str, str] = {}
    if isinstance(problem, NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(problem.retry_after_s)
    return Response(
        encode(problem.shape(request.scope[REQUEST_ID])),
        problem.status,
        headers=headers,
        media_type=MEDIA_TYPE,
    )


def add_handlers(app: FastAPI) -> None:
    @app.exception_handler(ApiProblem)
    async def of_problem(request: Request, error: ApiProblem) -> Response:
        return answer_problem(request, error)

    @app.exception_handler(WorldUnavailable)
    async def of_world(request: Request, error: WorldUnavailable) -> Response:
        return answer_problem(request, unavailable(error))

    @app.exception_handler(RequestValidationError)
    async def of_validation(request: Request, error: RequestValidationError) -> Response:
        return answer_problem(request, MalformedRequest(_said_of(error)))

    @app.exception_handler(HTTPException)
    async def of_routing(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "others")
            problem: ApiProblem = WrongMethod(
                f"{request.method} is not for this path; {allowed} would be"
            )
        elif error.status_code == 404:
            problem = NotFound("there is nothing at this path")
        else:
            problem = MalformedRequest(str(error.detail))
        response = answer_problem(request, problem)
        response.headers.update(error.headers or {})
        return response


def _said_of(error: RequestValidationError) -> str:
    """What is wrong with path or query, in one line; values are not repeated."""
    said: list[str] = []
    for each in error.errors():
        fault: dict[str, Any] = each
        where = ".".join(str(part) for part in fault["loc"][1:]) or "request"
        said.append(f"{where}: {fault['msg']}")
    return "; ".join(said)
