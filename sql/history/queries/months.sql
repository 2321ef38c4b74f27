-- The run that stands for each month: the newest that has KPIs.
SELECT dump_month, max(run_id) AS run_id
FROM run_registry_latest
WHERE dump_month IS NOT NULL
  AND run_id IN (SELECT run_id FROM kpi_snapshot_latest WHERE status = 'ok')
GROUP BY dump_month
ORDER BY dump_month
