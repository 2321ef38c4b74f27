-- Releases that include vinyl.
SELECT count(DISTINCT release_id) AS kpi_value
FROM release_formats_v1
WHERE name = 'Vinyl'
