-- Selects a run for each month: of the runs with KPIs, the last one started. A run id ends in the time of its session.
SELECT dump_month, max_by(run_id, concat(substr(run_id, -15), run_id)) AS run_id
FROM run_registry_latest
WHERE dump_month IS NOT NULL
  AND run_id IN (SELECT run_id FROM kpi_snapshot_latest WHERE status = 'ok')
GROUP BY dump_month
ORDER BY dump_month
