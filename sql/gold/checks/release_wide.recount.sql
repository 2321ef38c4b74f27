-- Every release is there, with as many tracks as it has.
SELECT releases.release_id, built.tracks, tracks.n AS expected
FROM releases_v6 AS releases
LEFT JOIN built ON built.release_id = releases.release_id
LEFT JOIN (
    SELECT release_id, count(position) AS n FROM release_tracks_v1 GROUP BY release_id
) AS tracks ON tracks.release_id = releases.release_id
WHERE built.release_id IS NULL OR built.tracks <> coalesce(tracks.n, 0)
