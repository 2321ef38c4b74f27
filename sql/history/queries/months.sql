-- The run that stands for each month: of those that have KPIs the one begun last. The time of its session ends a run id.
SELECT dump_month, max_by(run_id, concat(substr(run_id, -15), run_id)) AS run_id
FROM run_registry_latest
WHERE dump_month IS NOT NULL
  AND run_id IN (SELECT run_id FROM kpi_snapshot_latest WHERE status = 'ok')
GROUP BY dump_month
ORDER BY dump_month
