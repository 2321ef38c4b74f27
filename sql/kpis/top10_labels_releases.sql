-- Releases of the ten largest labels.
SELECT coalesce(sum(n_total_releases), 0) AS kpi_value
FROM (
    SELECT n_total_releases
    FROM label_release_counts_v1
    ORDER BY n_total_releases DESC
    LIMIT 10
) AS top
