-- Labels of releases, by their names in lower case.
SELECT count(DISTINCT label_norm) AS kpi_value
FROM release_label_xref_v1
