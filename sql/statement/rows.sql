-- That a table has enough rows, as a row of the sanity report.
SELECT {name} AS check_name, 'CRITICAL' AS severity, n AS value, n >= {least} AS ok, {details} AS details
FROM (SELECT count(*) AS n FROM {table}) AS counted
