-- severity: critical
-- of: release_track_credits_v1
-- contained: track_sequence in release_tracks_v1.sequence
-- means: An artist is credited on a missing track.
-- advice: Ingest the releases again in a new run.
SELECT child.release_id, child.track_sequence, child.position
FROM release_track_credits_v1 AS child
WHERE NOT EXISTS (
    SELECT 1
    FROM release_tracks_v1 AS parent
    WHERE parent.release_id = child.release_id AND parent.sequence = child.track_sequence
)
