-- kpi_snapshot_latest: the latest value of each KPI of each run.
SELECT event_ts_utc, run_id, schema_name, kpi_name, kpi_value, status, details, schema_version
FROM (
    SELECT
        *,
        row_number() OVER (PARTITION BY run_id, kpi_name ORDER BY event_ts_utc DESC, status DESC, kpi_value) AS nth
    FROM kpi_snapshot_events
) AS events
WHERE nth = 1
