-- The rows that a column rejects.
CREATE OR REPLACE TABLE work.failed AS
SELECT * FROM work.raw WHERE coalesce({reasons}) IS NOT NULL
