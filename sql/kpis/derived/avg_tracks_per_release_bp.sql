-- Average entries of a track list, in basis points, rounded down.
SELECT CAST(floor(
    CAST(max(CASE WHEN kpi_name = 'rows_release_tracks_v1' THEN kpi_value END) AS DOUBLE) * 10000
    / nullif(max(CASE WHEN kpi_name = 'n_releases_distinct' THEN kpi_value END), 0)
) AS BIGINT) AS kpi_value
FROM kpi_values
