-- Rows of release_label_xref_v1.
SELECT count(*) AS kpi_value
FROM release_label_xref_v1
