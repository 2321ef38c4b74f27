-- The rows of the files to rewrite, and those of the input.
SELECT {columns}
FROM (
    SELECT {columns} FROM rewritten
    UNION ALL
    SELECT {incoming} FROM incoming
) AS appended
{order}
