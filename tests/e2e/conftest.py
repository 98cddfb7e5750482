"""Failed assertions of the helper modules are explained like those of the tests themselves."""

import pytest

pytest.register_assert_rewrite("tests.e2e.replays", "tests.e2e.telling", "tests.e2e.tours")
