-- The genres with the most releases.
SELECT genre, count(*) AS releases
FROM release_genres_v1
GROUP BY genre
ORDER BY releases DESC, genre
LIMIT 15
