-- The rows of the input whose key the table has. A key that the table has twice is replaced by one row.
CREATE OR REPLACE TABLE work.matched AS
SELECT
    "input position",
    NOT bool_and(is_same) OR count(*) > 1 AS is_changed,
    max_by("file name", row("file name", "file row")) AS "file name",
    max_by("file row", row("file name", "file row")) AS "file row"
FROM work.hits
GROUP BY "input position"
