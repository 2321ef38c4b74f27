-- Releases of all labels; a release counts once for each of its labels.
SELECT coalesce(sum(n_total_releases), 0) AS kpi_value
FROM label_release_counts_v1
