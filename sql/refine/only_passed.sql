-- Leaves the rows that no column rejects.
DELETE FROM work.raw WHERE coalesce({reasons}) IS NOT NULL
