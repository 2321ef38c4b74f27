-- A row of the sanity report for the minimum number of rows of a table.
SELECT {name} AS check_name, 'CRITICAL' AS severity, n AS value, n >= {least} AS ok, {details} AS details
FROM (SELECT count(*) AS n FROM {table}) AS counted
