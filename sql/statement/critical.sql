-- A row of the sanity report for a check that no row may break.
SELECT {name} AS check_name, {severity} AS severity, n AS value, n = 0 AS ok, {details} AS details
FROM (SELECT count(*) AS n FROM ({query}) AS broken) AS counted
