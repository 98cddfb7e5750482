"""The answers of one connection: each request gets exactly one, as a reply or as a problem."""

from simulator.api.errors import ApiProblem, InternalError, unavailable
from simulator.api.stream.readers import encode
from simulator.api.websocket.outbox import Outbox
from simulator.api.websocket.protocol import Refused, Reply, RequestId, Result
from simulator.runtime.errors import WorldUnavailable
from simulator.runtime.forgiving_log import ForgivingLog

log = ForgivingLog()


class Answers:
    """Encodes answers into the outbox."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def reply(self, request_id: RequestId, result: Result) -> None:
        self._outbox.reply(encode(Reply(id=request_id, result=result)))

    def refuse(self, request_id: RequestId, problem: ApiProblem) -> None:
        self._outbox.reply(encode(Refused(id=request_id, error=problem.shape())))

    def fail(self, request_id: RequestId, error: Exception) -> None:
        """Answers with the problem that an exception is; a bug is logged and told as such."""
        if isinstance(error, ApiProblem):
            self.refuse(request_id, error)
        elif isinstance(error, WorldUnavailable):
            self.refuse(request_id, unavailable(error))
        else:
            log.error("a websocket request failed", exc_info=error)
            self.refuse(request_id, InternalError())
