-- The longest names of tracks, and their releases.
SELECT length(tracks.title) AS characters, tracks.title, tracks.position, releases.artists, releases.title AS release
FROM release_tracks_v1 AS tracks
JOIN releases_ref_v6 AS releases ON releases.release_id = tracks.release_id
WHERE tracks.title IS NOT NULL
ORDER BY characters DESC, tracks.release_id, tracks.sequence
LIMIT 20
