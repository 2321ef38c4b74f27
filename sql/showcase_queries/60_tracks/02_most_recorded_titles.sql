-- The titles of tracks that occur on the most releases.
SELECT lower(title) AS title, count(DISTINCT release_id) AS releases, round(avg(duration_seconds)) AS mean_seconds
FROM release_tracks_v1
WHERE title IS NOT NULL
GROUP BY lower(title)
ORDER BY releases DESC, title
LIMIT 20
