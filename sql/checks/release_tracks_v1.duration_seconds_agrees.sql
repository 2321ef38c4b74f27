-- severity: critical
-- of: release_tracks_v1
-- read: duration_seconds from duration as duration
-- means: The length of a track in seconds is not the one entered, or there is one where none can be read.
-- advice: Ingest the releases again in a new run.
WITH durations AS (
    -- 3:45 or 1:02:03; what is not like that has no parts.
    SELECT
        release_id,
        sequence,
        duration,
        duration_seconds,
        regexp_extract(duration, '^[0-9]{1,5}(:[0-5][0-9]){1,2}$') AS readable
    FROM release_tracks_v1
),
parts AS (
    SELECT
        release_id,
        sequence,
        duration,
        duration_seconds,
        TRY_CAST(split_part(readable, ':', 1) AS INTEGER) AS part_1,
        TRY_CAST(split_part(readable, ':', 2) AS INTEGER) AS part_2,
        TRY_CAST(split_part(readable, ':', 3) AS INTEGER) AS part_3
    FROM durations
)
SELECT release_id, sequence, duration, duration_seconds
FROM parts
WHERE duration_seconds IS DISTINCT FROM coalesce((part_1 * 60 + part_2) * 60 + part_3, part_1 * 60 + part_2)
