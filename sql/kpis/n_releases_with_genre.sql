-- Releases with a genre.
SELECT count(DISTINCT release_id) AS kpi_value
FROM release_genre_xref_v1
