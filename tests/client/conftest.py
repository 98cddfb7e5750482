"""A venue for each test, as the API's tests have it."""

from tests.api.conftest import anyio_backend, database, migrated, venue

__all__ = ["anyio_backend", "database", "migrated", "venue"]
