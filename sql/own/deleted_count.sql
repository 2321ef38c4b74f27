-- The number of rows that the keys of the input delete.
SELECT count(*) FROM (SELECT DISTINCT "file name", "file row" FROM work.hits) AS deleted
