"""Transfers are written by the statement that writes their events."""

from alembic import op

revision = "0007"
down_revision = "0006"

# Positions are counted from 0.
INSERT_ROWS = """
CREATE FUNCTION insert_rows(first bigint, columns json[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO transfers (
    position, user_id, debit_account, credit_account, credits, type, description, creation_id, kind, total_after, number,
    number_of_kind, recorded_at, earned_after, lots, reference
  )
  SELECT first + position::bigint, user_id::bigint, debit_account, credit_account, credits::int, type, description,
         creation_id::bigint, kind, total_after::int, number::int, number_of_kind::int, recorded_at::timestamptz,
         earned_after::bigint, lots, reference
  FROM ROWS FROM (
    json_array_elements_text(columns[1]), json_array_elements_text(columns[2]), json_array_elements_text(columns[3]),
    json_array_elements_text(columns[4]), json_array_elements_text(columns[5]), json_array_elements_text(columns[6]),
    json_array_elements_text(columns[7]), json_array_elements_text(columns[8]), json_array_elements_text(columns[9]),
    json_array_elements_text(columns[10]), json_array_elements_text(columns[11]), json_array_elements_text(columns[12]),
    json_array_elements_text(columns[13]), json_array_elements_text(columns[14]), json_array_elements_text(columns[15]),
    json_array_elements_text(columns[16])
  ) AS t(position, user_id, debit_account, credit_account, credits, type, description, creation_id, kind, total_after,
         number, number_of_kind, recorded_at, earned_after, lots, reference);
END $$
"""


def upgrade() -> None:
    op.execute(INSERT_ROWS)
