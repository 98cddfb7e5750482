"""A log whose lines are written if they can be: worlds and requests go on all the same.

A log goes to a stream that may be closed, full, or a pipe that nobody reads any more. Whatever a
line says of a world is known elsewhere, too: why it halted is told to everybody who asks it.
"""

from collections.abc import Callable

import structlog


class ForgivingLog:
    """As much of a structlog logger as is needed. A line that the stream does not take is lost.

    Whatever else a logger raises is a bug of its configuration, and is raised.
    """

    def __init__(self) -> None:
        self._log = structlog.get_logger()

    def info(self, event: str, **values: object) -> None:
        self._write(self._log.info, event, values)

    def warning(self, event: str, **values: object) -> None:
        self._write(self._log.warning, event, values)

    def error(self, event: str, **values: object) -> None:
        self._write(self._log.error, event, values)

    def exception(self, event: str, **values: object) -> None:
        """With the trace of the exception that is being handled."""
        self._write(self._log.exception, event, values)

    @staticmethod
    def _write(line: Callable[..., object], event: str, values: dict[str, object]) -> None:
        try:
            line(event, **values)
        except (OSError, ValueError):  # the latter is what a closed stream raises
            return
