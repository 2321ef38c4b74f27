-- Releases of the largest label.
SELECT coalesce(max(n_total_releases), 0) AS kpi_value
FROM label_release_counts_v1
