-- A row of the sanity report for a check that upstream is known to break up to a share.
SELECT
    {name} AS check_name,
    CASE WHEN n <= greatest({max_rows}, total * {max_share}) THEN {severity} ELSE {severity_beyond} END AS severity,
    n AS value,
    n <= greatest({max_rows}, total * {max_share}) AS ok,
    {details} AS details
FROM (SELECT count(*) AS n FROM ({query}) AS broken) AS counted
CROSS JOIN (SELECT count(*) AS total FROM {table}) AS of_table
