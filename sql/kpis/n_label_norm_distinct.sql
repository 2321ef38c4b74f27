-- Labels, by their names in lower case, that releases are linked with.
SELECT count(DISTINCT label_norm) AS kpi_value
FROM release_label_xref_v1
