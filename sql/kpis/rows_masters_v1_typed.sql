-- Rows of masters_v1_typed.
SELECT count(*) AS kpi_value
FROM masters_v1_typed
