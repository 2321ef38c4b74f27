-- The files with a row that changes.
SELECT DISTINCT hits."file name"
FROM work.hits AS hits
INNER JOIN work.matched AS matched USING ("input position")
WHERE matched.is_changed
ORDER BY hits."file name"
