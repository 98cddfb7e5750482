"""Settings of the whole test suite: how hypothesis looks for counterexamples, and Ctrl-C.

By default every run draws the same examples, so a failure is never a matter of luck. The profile
"soak" (`make soak`, or SIMULATOR_TEST_PROFILE=soak) draws many more, and new ones each time.

A shell that runs a job in the background lets it ignore Ctrl-C, and whatever the job starts, too.
Tests that end a program with Ctrl-C need programs that heed it.
"""

import os
import signal
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "default",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "soak",
    max_examples=5_000,
    stateful_step_count=200,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("SIMULATOR_TEST_PROFILE", "default"))


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """The command line sends the log to a stream that is captured, and closed after its test."""
    yield
    structlog.reset_defaults()
