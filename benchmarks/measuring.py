"""Stopwatches, percentiles, and what the numbers were measured on.

Wall time is what a user waits for, processor time is what this process itself took of the machine.
Automatic garbage collection stays on; `settle` only takes what a setup left behind out of its
view, as a server does once it has recovered.
"""

import gc
import logging
import math
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import structlog
from rich.console import Console

from simulator.core.rules import matching


class Stopwatch:
    """A `with` block that measures itself, in seconds."""

    def __init__(self) -> None:
        self.wall = 0.0
        self.processor = 0.0

    def __enter__(self) -> "Stopwatch":
        self.wall = time.perf_counter()
        self.processor = time.process_time()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.processor = time.process_time() - self.processor
        self.wall = time.perf_counter() - self.wall


def settle() -> None:
    """Collects garbage once, that of earlier setups included, and freezes what is left."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def quiet_log() -> None:
    """Keeps the log of worlds that open and close out of the tables; errors still show."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


def kind_of_core() -> str:
    """Whether the rules that are measured run as Python or as compiled by `make compile`."""
    return "pure Python" if str(matching.__file__).endswith(".py") else "compiled"


def console() -> Console:
    """Wide enough for the tables, also where the output goes to a file."""
    wide = Console()
    wide.width = max(wide.width, 110)
    return wide


def percentile(values: Sequence[int], percent: float) -> int:
    """The smallest value that at least `percent` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def microseconds(nanoseconds: int) -> str:
    """`12.3`: a duration for a column headed µs."""
    return f"{nanoseconds / 1000:,.1f}"


def machine() -> str:
    """One line: processor, cores, Python."""
    cores = os.cpu_count() or 1
    return (
        f"{_processor()}, {cores} cores, {platform.python_implementation()} "
        f"{platform.python_version()}, {platform.system()} {platform.release()}"
    )


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
