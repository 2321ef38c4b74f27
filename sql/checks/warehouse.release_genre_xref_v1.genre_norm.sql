-- severity: critical
-- of: release_genre_xref_v1
-- lower: genre_norm of genre
-- means: genre_norm is not genre in lower case.
-- advice: Build the warehouse again in a new run.
SELECT release_id, genre, genre_norm
FROM release_genre_xref_v1
WHERE genre_norm <> lower(genre)
