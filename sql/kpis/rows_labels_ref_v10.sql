-- Rows of labels_ref_v10.
SELECT count(*) AS kpi_value
FROM labels_ref_v10
