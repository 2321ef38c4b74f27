-- The new rows of the files to rewrite: those that stay, and those of the input that are new or change.
SELECT {columns}
FROM (
    SELECT {columns}
    FROM rewritten
    ANTI JOIN (
        SELECT hits."file name", hits."file row"
        FROM work.hits AS hits
        INNER JOIN work.matched AS matched USING ("input position")
        WHERE matched.is_changed
    ) AS replaced USING ("file name", "file row")
    UNION ALL
    SELECT {incoming}
    FROM incoming
    LEFT JOIN work.matched AS matched USING ("input position")
    WHERE matched.is_changed IS NULL OR matched.is_changed
) AS merged
{order}
