-- Styles of releases.
SELECT count(DISTINCT style_norm) AS kpi_value
FROM release_style_xref_v1
