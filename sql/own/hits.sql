-- The rows of the table that have a key of the input, and whether the input would leave them as they are.
CREATE OR REPLACE TABLE work.hits AS
SELECT
    incoming."input position",
    existing."file name",
    existing."file row",
    {same} AS is_same
FROM existing
INNER JOIN incoming ON {keys_equal}
