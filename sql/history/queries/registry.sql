-- Lists the registered runs, which update-run-registry compares with the lake.
SELECT
    run_id, schema_name, is_active, status, details, dump_month, dump_date, run_mode, schema_version,
    CAST(event_ts_utc AS VARCHAR) AS event_ts_utc
FROM run_registry_latest
ORDER BY run_id
