-- release_genre_xref_v1: the genres of a release.
-- reads: release_genres_v1
SELECT DISTINCT release_id, genre, lower(genre) AS genre_norm
FROM release_genres_v1
ORDER BY release_id, genre
