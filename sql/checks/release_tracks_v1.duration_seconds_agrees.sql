-- severity: critical
-- of: release_tracks_v1
-- means: A track has a length in seconds and none as entered, or its seconds within the minute are not those entered.
-- advice: Ingest the releases again in a new run.
SELECT release_id, sequence, duration, duration_seconds
FROM release_tracks_v1
WHERE duration_seconds IS NOT NULL
    AND (
        duration IS NULL
        OR (
            strpos(duration, ':') > 0
            AND substr(duration, length(duration) - 1, 2) <> lpad(CAST(duration_seconds % 60 AS VARCHAR), 2, '0')
        )
    )
