-- Countries of releases, as entered.
SELECT count(DISTINCT country) AS kpi_value
FROM releases_ref_v6
