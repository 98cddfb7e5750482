"""Orders of accounts in hedge mode name the position that they open or close."""

import sqlalchemy as sa
from alembic import op

revision = "position_side_of_orders"
down_revision = "funding_in_the_ledger"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("position_side", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "position_side")
