-- The share of the ten largest labels in the releases of all labels, in basis points, rounded down.
SELECT CAST(floor(
    CAST(max(CASE WHEN kpi_name = 'top10_labels_releases' THEN kpi_value END) AS DOUBLE) * 10000
    / nullif(max(CASE WHEN kpi_name = 'label_counts_total_releases' THEN kpi_value END), 0)
) AS BIGINT) AS kpi_value
FROM kpi_values
