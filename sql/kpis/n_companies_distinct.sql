-- Companies that had to do with a release.
SELECT count(DISTINCT company_id) AS kpi_value
FROM release_companies_v1
