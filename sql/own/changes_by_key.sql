-- The rows that differ between two states of a table, by key, with the row before and after as JSON.
SELECT
    CASE
        WHEN before."file name" IS NULL THEN 'inserted'
        WHEN after."file name" IS NULL THEN 'deleted'
        ELSE 'updated'
    END AS change,
    CASE WHEN before."file name" IS NOT NULL THEN CAST(to_json({{before}}) AS VARCHAR) END AS row_before,
    CASE WHEN after."file name" IS NOT NULL THEN CAST(to_json({{after}}) AS VARCHAR) END AS row_after
FROM state_before AS before
FULL OUTER JOIN state_after AS after ON {keys}
WHERE before."file name" IS NULL OR after."file name" IS NULL OR NOT ({same})
