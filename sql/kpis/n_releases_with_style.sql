-- Releases with a style.
SELECT count(DISTINCT release_id) AS kpi_value
FROM release_style_xref_v1
