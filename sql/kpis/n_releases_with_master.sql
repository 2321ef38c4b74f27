-- Releases that belong to a master.
SELECT count(*) AS kpi_value
FROM releases_ref_v6
WHERE master_id > 0
