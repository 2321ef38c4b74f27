-- An input without rows.
CREATE OR REPLACE TABLE work.raw AS
SELECT {columns} WHERE false
