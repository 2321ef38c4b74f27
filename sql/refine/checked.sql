-- The rows with their values, and for each column the reason for which it rejects the row.
CREATE OR REPLACE TABLE work.raw AS
SELECT {columns}
FROM "typed rows" AS typed
{joins}
