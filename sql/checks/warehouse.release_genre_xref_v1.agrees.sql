-- severity: critical
-- of: release_genre_xref_v1
-- same_set: genre as release_genres_v1.genre
-- means: The genres of a release are not those of release_genres_v1.
-- advice: Build the warehouse again in a new run.
(SELECT release_id, genre FROM release_genres_v1 EXCEPT SELECT release_id, genre FROM release_genre_xref_v1)
UNION ALL
(SELECT release_id, genre FROM release_genre_xref_v1 EXCEPT SELECT release_id, genre FROM release_genres_v1)
