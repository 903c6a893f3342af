"""How many findings there are, kept as they change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "finding_tallies",
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("party", "run", "status", "grade", name=op.f("pk_finding_tallies")),
    )
    op.execute(
        "INSERT INTO finding_tallies SELECT party, run, status, grade, count(*) FROM findings GROUP BY party, run, status, grade"
    )
