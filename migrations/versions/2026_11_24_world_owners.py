"""Worlds that users make: who owns one, and how its clock was left."""

import sqlalchemy as sa
from alembic import op

revision = "world_owners"
down_revision = "planner_statistics"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "owned_worlds",
        sa.Column("world_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("speed", sa.Text(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_owned_worlds_user_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["world_id"], ["worlds.world_id"], name=op.f("fk_owned_worlds_world_id_worlds")
        ),
        sa.PrimaryKeyConstraint("world_id", name=op.f("pk_owned_worlds")),
    )
    op.create_index(op.f("ix_owned_worlds_user_id"), "owned_worlds", ["user_id"])


def downgrade() -> None:
    op.drop_table("owned_worlds")
