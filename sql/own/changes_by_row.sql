-- The rows that differ between two states of a table without a key, or with a key twice: deleted and inserted rows.
SELECT 'deleted' AS change, CAST(to_json({{before}}) AS VARCHAR) AS row_before, NULL AS row_after
FROM (SELECT {columns} FROM state_before EXCEPT ALL SELECT {columns} FROM state_after) AS before
UNION ALL
SELECT 'inserted' AS change, NULL AS row_before, CAST(to_json({{after}}) AS VARCHAR) AS row_after
FROM (SELECT {columns} FROM state_after EXCEPT ALL SELECT {columns} FROM state_before) AS after
