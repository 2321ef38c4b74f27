-- Labels in label_release_counts_v1.
SELECT count(*) AS kpi_value
FROM label_release_counts_v1
