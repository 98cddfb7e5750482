"""Worlds that users make: who owns one, and how its clock was left."""

import sqlalchemy as sa
from alembic import op

revision = "world_owners"
down_revision = "planner_statistics"
branch_labels = None
depends_on = None

COLUMNS = (
    ("owner_user_id", sa.Text, True, None),
    ("speed", sa.Text, False, "1"),
    ("paused", sa.Boolean, False, sa.false()),
)


def upgrade() -> None:
    for name, kind, nullable, before in COLUMNS:
        column = sa.Column(name, kind, nullable=nullable, server_default=before)
        op.add_column("worlds", column)


def downgrade() -> None:
    for name, *_ in reversed(COLUMNS):
        op.drop_column("worlds", name)
