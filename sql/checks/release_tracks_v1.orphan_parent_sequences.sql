-- severity: critical
-- of: release_tracks_v1
-- contained: parent_sequence in release_tracks_v1.sequence
-- means: A sub-track belongs to a missing index track.
-- advice: Ingest the releases again in a new run.
SELECT child.release_id, child.sequence, child.parent_sequence
FROM release_tracks_v1 AS child
WHERE child.parent_sequence IS NOT NULL
    AND NOT EXISTS (
        SELECT 1
        FROM release_tracks_v1 AS parent
        WHERE parent.release_id = child.release_id AND parent.sequence = child.parent_sequence
    )
