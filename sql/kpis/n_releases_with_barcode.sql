-- Releases with a barcode.
SELECT count(DISTINCT release_id) AS kpi_value
FROM release_identifiers_v1
WHERE type = 'Barcode'
