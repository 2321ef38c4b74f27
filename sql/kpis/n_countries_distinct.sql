-- Countries, as entered, that releases come from.
SELECT count(DISTINCT country) AS kpi_value
FROM releases_ref_v6
