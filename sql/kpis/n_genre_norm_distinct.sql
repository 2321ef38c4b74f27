-- Genres of releases.
SELECT count(DISTINCT genre_norm) AS kpi_value
FROM release_genre_xref_v1
