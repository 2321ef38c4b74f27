-- Selects the rows in which two runs differ, within a range of one column, in DuckDB. from_rows and to_rows are the table
-- in the two runs. {key} identifies a row; without a key it is {columns}, and rows are compared as a multiset.
--
-- A row that occurs equally often in both runs is unchanged. A key with one removed and one added row is an update; other
-- removed rows are deletes, other added rows inserts. The order is total, so the bytes are always the same.
WITH sided AS (
    SELECT {columns}, -1 AS _side FROM from_rows WHERE ({low} IS NULL OR {first} >= {low}) AND ({high} IS NULL OR {first} < {high})
    UNION ALL
    SELECT {columns}, 1 AS _side FROM to_rows WHERE ({low} IS NULL OR {first} >= {low}) AND ({high} IS NULL OR {first} < {high})
),
surplus AS (
    SELECT {columns}, CAST(sum(_side) AS BIGINT) AS _surplus
    FROM sided
    GROUP BY {columns}
    HAVING sum(_side) <> 0
),
paired AS (
    SELECT
        *,
        sum(greatest(-_surplus, 0)) OVER (PARTITION BY {key}) = 1
            AND sum(greatest(_surplus, 0)) OVER (PARTITION BY {key}) = 1 AS _updated
    FROM surplus
),
copies AS (
    SELECT *, unnest(range(abs(_surplus))) AS _copy
    FROM paired
)
SELECT
    CASE
        WHEN _updated AND _surplus < 0 THEN 'update_before'
        WHEN _updated THEN 'update_after'
        WHEN _surplus < 0 THEN 'delete'
        ELSE 'insert'
    END AS _change,
    {columns}
FROM copies
ORDER BY {key}, _surplus < 0 DESC, {columns}
