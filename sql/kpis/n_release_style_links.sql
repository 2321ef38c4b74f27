-- Links between releases and styles.
SELECT count(*) AS kpi_value
FROM release_style_xref_v1
