-- How many times a release is linked with the name of an artist.
SELECT count(*) AS kpi_value
FROM release_artists_v1
