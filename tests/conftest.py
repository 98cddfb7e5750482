"""Settings of the whole test suite: how hypothesis looks for counterexamples.

By default every run draws the same examples, so a failure is never a matter of luck. The profile
"soak" (`make soak`, or SIMULATOR_TEST_PROFILE=soak) draws many more, and new ones each time.
"""

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

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
