-- How many times a release is linked with a genre.
SELECT count(*) AS kpi_value
FROM release_genre_xref_v1
