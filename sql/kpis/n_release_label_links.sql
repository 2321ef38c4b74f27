-- How many times a release is linked with a label and catalogue number.
SELECT count(*) AS kpi_value
FROM release_label_xref_v1
