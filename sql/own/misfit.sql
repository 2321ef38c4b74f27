-- The first value of a column of the input that a type does not hold, and the number of such values.
SELECT min(rowid) + 1 AS first_row, arg_min({column}, rowid) AS first_value, count(*) AS invalid_values
FROM work.raw
WHERE
    {column} IS NOT NULL
    AND (
{misfit}
    )
