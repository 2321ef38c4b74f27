-- Releases with a linked artist.
SELECT count(DISTINCT release_id) AS kpi_value
FROM release_artists_v1
