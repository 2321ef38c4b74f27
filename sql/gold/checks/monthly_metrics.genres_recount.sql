-- Each genre has as many releases as name it.
SELECT built.dimension, built.value, genres.n AS expected
FROM (
    SELECT genre, count(*) AS n
    FROM (SELECT DISTINCT genre, release_id FROM release_genres_v1) AS named
    GROUP BY genre
) AS genres
LEFT JOIN built ON built.metric = 'releases by genre' AND built.dimension = genres.genre
WHERE built.value IS NULL OR built.value <> genres.n
