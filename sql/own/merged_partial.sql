-- Like merged.sql, for an input without all columns: the others keep their values.
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
    LEFT JOIN rewritten AS existing
        ON existing."file name" = matched."file name" AND existing."file row" = matched."file row"
    WHERE matched.is_changed IS NULL OR matched.is_changed
) AS merged
{order}
