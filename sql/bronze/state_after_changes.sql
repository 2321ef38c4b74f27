-- The records after a load of changes. A changed record has its position; the others keep their order and fill the gaps: the
-- n-th of them stands behind the changed records that fewer than n of them precede.
CREATE TABLE {table} AS
WITH changed AS (
    SELECT id, CAST(record_hash AS UUID) AS record_hash, position
    FROM {rows}
    WHERE ingestion_timestamp = CAST({time} AS TIMESTAMPTZ)
),
kept AS (
    SELECT id, record_hash, load, position_in_load, row_number() OVER (ORDER BY position) AS n
    FROM {before}
    ANTI JOIN changed USING (id)
),
numbered AS (
    SELECT position, row_number() OVER (ORDER BY position) AS number
    FROM changed
    WHERE position IS NOT NULL
),
gaps AS (
    SELECT position - number AS kept_before, max(number) AS number
    FROM numbered
    GROUP BY ALL
)
SELECT kept.id, kept.record_hash, kept.n + coalesce(gaps.number, 0) AS position, kept.load, kept.position_in_load
FROM kept
ASOF LEFT JOIN gaps ON kept.n > gaps.kept_before
UNION ALL
SELECT id, record_hash, position, CAST({load} AS BIGINT), position
FROM changed
WHERE position IS NOT NULL
