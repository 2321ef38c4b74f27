-- The engineers with the most releases, by credits of any engineering role on releases and tracks.
WITH credits AS (
    SELECT release_id, artist_id, role FROM release_extra_credits_v1
    UNION ALL
    SELECT release_id, artist_id, role FROM release_track_credits_v1
)
SELECT artists.artist_id, artists.name, count(DISTINCT credits.release_id) AS releases
FROM credits
JOIN artists_v1 AS artists ON artists.artist_id = credits.artist_id
WHERE credits.role LIKE '%Engineer%' OR credits.role LIKE '%Mastered By%' OR credits.role LIKE '%Mixed By%'
GROUP BY artists.artist_id, artists.name
ORDER BY releases DESC, artists.artist_id
LIMIT 20
