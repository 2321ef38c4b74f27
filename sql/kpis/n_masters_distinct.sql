-- Masters.
SELECT count(DISTINCT master_id) AS kpi_value
FROM masters_v1_typed
