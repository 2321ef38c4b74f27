-- Average linked genres of a release, in basis points, rounded down.
SELECT CAST(floor(
    CAST(max(CASE WHEN kpi_name = 'n_release_genre_links' THEN kpi_value END) AS DOUBLE) * 10000
    / nullif(max(CASE WHEN kpi_name = 'n_releases_distinct' THEN kpi_value END), 0)
) AS BIGINT) AS kpi_value
FROM kpi_values
