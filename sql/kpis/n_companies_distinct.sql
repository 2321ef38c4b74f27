-- Companies credited on releases.
SELECT count(DISTINCT company_id) AS kpi_value
FROM release_companies_v1
