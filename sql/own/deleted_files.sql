-- The files with a row that a key of the input deletes.
SELECT DISTINCT "file name" FROM work.hits ORDER BY "file name"
