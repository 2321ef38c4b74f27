-- Links between releases and genres.
SELECT count(*) AS kpi_value
FROM release_genre_xref_v1
