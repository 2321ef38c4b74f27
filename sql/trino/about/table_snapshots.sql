-- table_snapshots: the snapshots of every Iceberg table that was there when register-tables ran, as they are now.
SELECT
    snapshots.layer,
    snapshots.table_name,
    snapshots.snapshot_id,
    snapshots.parent_id,
    CAST(snapshots.committed_at AT TIME ZONE 'UTC' AS timestamp(6)) AS committed_at,
    snapshots.operation,
    element_at(snapshots.summary, 'discogs.run-id') AS run_id,
    regexp_extract(element_at(snapshots.summary, 'discogs.run-id'), '^([0-9]{4}-[0-9]{2})__', 1) AS dump_month,
    coalesce(refs.tags, ARRAY[]) AS tags,
    coalesce(refs.is_current, FALSE) AS is_current,
    TRY_CAST(element_at(snapshots.summary, 'total-files-size') AS bigint) AS size_bytes,
    TRY_CAST(element_at(snapshots.summary, 'total-records') AS bigint) AS "rows",
    TRY_CAST(element_at(snapshots.summary, 'total-data-files') AS bigint) AS files
FROM (
{snapshots}
) AS snapshots
LEFT JOIN (
    SELECT
        layer,
        table_name,
        snapshot_id,
        array_agg(name ORDER BY name) FILTER (WHERE type = 'TAG') AS tags,
        bool_or(name = 'main') AS is_current
    FROM (
{refs}
    )
    GROUP BY layer, table_name, snapshot_id
) AS refs
    ON refs.layer = snapshots.layer
    AND refs.table_name = snapshots.table_name
    AND refs.snapshot_id = snapshots.snapshot_id
