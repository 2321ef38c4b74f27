-- run_registry_latest: the current state of each run, its last event.
SELECT
    event_ts_utc, run_id, schema_name, is_active, action, status, details, dump_month, dump_date, run_mode, git_sha,
    schema_version
FROM (
    SELECT
        *,
        row_number() OVER (PARTITION BY run_id ORDER BY event_ts_utc DESC, action, status, details) AS nth
    FROM run_registry_events
) AS events
WHERE nth = 1
