-- A view of a table without files.
CREATE OR REPLACE TEMP VIEW {name} AS
SELECT {columns}, CAST(NULL AS VARCHAR) AS "file name", CAST(NULL AS BIGINT) AS "file row"
WHERE false
