-- severity: critical
-- of: release_formats_v1
-- means: The number of media is not the one entered.
-- advice: Ingest the releases again in a new run.
SELECT release_id, position, qty, qty_text
FROM release_formats_v1
WHERE qty IS NOT NULL AND (qty_text IS NULL OR strpos(qty_text, CAST(abs(qty) AS VARCHAR)) = 0)
