SELECT check_name, severity, value, ok, details
FROM (
{checks}
) AS report
ORDER BY ok, CASE severity WHEN 'CRITICAL' THEN 0 WHEN 'WARN' THEN 1 ELSE 2 END, check_name
