-- Rows of release_artists_v1.
SELECT count(*) AS kpi_value
FROM release_artists_v1
