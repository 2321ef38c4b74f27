-- The rows of the files to rewrite that no key of the input deletes.
SELECT {columns}
FROM rewritten
ANTI JOIN work.hits USING ("file name", "file row")
{order}
