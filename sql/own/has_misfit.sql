-- Whether a column of the input has a value that a type does not hold. It ends at the first.
SELECT count(*)
FROM (
    SELECT 1
    FROM work.raw
    WHERE
        {column} IS NOT NULL
        AND (
{misfit}
        )
    LIMIT 1
) AS found
