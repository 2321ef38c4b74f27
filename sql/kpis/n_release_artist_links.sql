-- Links between releases and names of artists.
SELECT count(*) AS kpi_value
FROM release_artists_v1
