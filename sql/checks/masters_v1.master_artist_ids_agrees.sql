-- severity: info
-- beyond: critical
-- of: masters_v1_typed
-- max_share: 0.001
-- statement: no
-- means: master_artist_ids is not what the ids in master_artists_v1 give in order. A credit without an artist has NULL there; in the text it is 0, or since 2024-12 left out.
-- advice: Compare the two for one of the masters shown. If many differ, the ingest of masters is wrong.
WITH texts AS (
    -- Each id between two commas of its own, and those that are 0 taken out.
    SELECT master_id, replace(',' || replace(master_artist_ids, ',', ',,') || ',', ',0,', '') AS ids
    FROM masters_v1_typed
),
pieces AS (
    SELECT master_id, position, ',' || CAST(artist_id AS VARCHAR) || ',' AS piece
    FROM master_artists_v1
    WHERE artist_id IS NOT NULL
)
SELECT texts.master_id
FROM texts
LEFT JOIN (
    SELECT master_id, sum(length(piece)) AS characters FROM pieces GROUP BY master_id
) AS parts ON parts.master_id = texts.master_id
WHERE coalesce(length(texts.ids), 0) <> coalesce(parts.characters, 0)
UNION
SELECT texts.master_id
FROM texts
JOIN (
    SELECT
        master_id,
        piece,
        CAST(coalesce(sum(length(piece)) OVER (
            PARTITION BY master_id ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS BIGINT) AS characters_before
    FROM pieces
) AS parts ON parts.master_id = texts.master_id
WHERE substr(texts.ids, parts.characters_before + 1, length(parts.piece)) <> parts.piece
