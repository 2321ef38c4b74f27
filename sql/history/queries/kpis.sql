-- Lists the KPIs of all runs in the form of the long CSV.
SELECT
    CAST(event_ts_utc AS VARCHAR) AS event_ts_utc, run_id, schema_name, kpi_name,
    CAST(kpi_value AS VARCHAR) AS kpi_value, status, details
FROM kpi_snapshot_latest
ORDER BY run_id, kpi_name
