-- Lists the runs whose tables are complete, so that KPIs can be computed on them.
SELECT run_id, schema_name
FROM run_registry_latest
WHERE status IN ('ok', 'skipped_active')
ORDER BY run_id
