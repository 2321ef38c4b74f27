-- severity: critical
-- of: release_formats_v1
-- read: qty from qty_text as number
-- means: The number of media is not the one entered, or there is one where none can be read.
-- advice: Ingest the releases again in a new run.
SELECT release_id, position, qty, qty_text
FROM release_formats_v1
WHERE qty IS DISTINCT FROM TRY_CAST(regexp_extract(qty_text, '^-?[0-9]+$') AS BIGINT)
