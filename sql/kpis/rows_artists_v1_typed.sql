-- Rows of artists_v1_typed.
SELECT count(*) AS kpi_value
FROM artists_v1_typed
