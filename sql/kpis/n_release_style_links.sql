-- How many times a release is linked with a style.
SELECT count(*) AS kpi_value
FROM release_style_xref_v1
