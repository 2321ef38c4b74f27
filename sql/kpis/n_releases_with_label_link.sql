-- Releases with a linked label.
SELECT count(DISTINCT release_id) AS kpi_value
FROM release_label_xref_v1
