-- Labels.
SELECT count(DISTINCT label_id) AS kpi_value
FROM labels_ref_v10
