-- The rows of the months before the one that is built, in Trino.
CREATE OR REPLACE VIEW {view}
COMMENT {comment}
AS
SELECT {columns}
FROM {table} FOR VERSION AS OF {snapshot}
WHERE dump_month < CAST({first_day} AS DATE)
