-- Series of releases.
SELECT count(DISTINCT series_id) AS kpi_value
FROM release_series_v1
