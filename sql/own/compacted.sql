-- The rows of the files to rewrite.
SELECT {columns}
FROM rewritten
{order}
