-- Entries of all track lists.
SELECT count(*) AS kpi_value
FROM release_tracks_v1
