"""Names with passwords, and API keys."""

import sqlalchemy as sa
from alembic import op

revision = "logins_and_keys"
down_revision = "world_owners"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_names",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_user_names_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_names")),
        sa.UniqueConstraint("name_key", name=op.f("uq_user_names_name_key")),
    )
    op.create_table(
        "api_keys",
        sa.Column("api_key", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("world_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_api_keys_user_id_users")
        ),
        sa.PrimaryKeyConstraint("api_key", name=op.f("pk_api_keys")),
    )
    op.create_index(op.f("ix_api_keys_world_id_account_id"), "api_keys", ["world_id", "account_id"])


def downgrade() -> None:
    op.drop_table("api_keys")
    op.drop_table("user_names")
