-- Rows of releases_ref_v6.
SELECT count(*) AS kpi_value
FROM releases_ref_v6
