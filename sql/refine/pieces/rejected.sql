-- The rows that one column rejects.
SELECT
    {name} AS column_name,
    {reason} AS reason,
    {value} AS value,
    CAST(to_json({{row}}) AS VARCHAR) AS source_row,
    {lineage}
FROM work.failed
WHERE {reason} IS NOT NULL
