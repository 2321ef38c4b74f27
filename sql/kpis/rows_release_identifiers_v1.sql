-- Barcodes, matrix numbers and other marks.
SELECT count(*) AS kpi_value
FROM release_identifiers_v1
