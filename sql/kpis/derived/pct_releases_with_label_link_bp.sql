-- The share of releases with a linked label, in basis points, rounded down.
SELECT CAST(floor(
    CAST(max(CASE WHEN kpi_name = 'n_releases_with_label_link' THEN kpi_value END) AS DOUBLE) * 10000
    / nullif(max(CASE WHEN kpi_name = 'n_releases_distinct' THEN kpi_value END), 0)
) AS BIGINT) AS kpi_value
FROM kpi_values
