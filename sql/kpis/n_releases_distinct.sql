-- Releases.
SELECT count(DISTINCT release_id) AS kpi_value
FROM releases_ref_v6
