-- severity: info
-- severity_beyond: critical
-- of: masters_v1_typed
-- max_share: 0.001
-- statement: no
-- means: master_artist_ids is not what the ids in master_artists_v1 give; an id of 0 is in the text, and NULL there.
-- advice: Compare the two for one of the masters shown. If many differ, the ingest of masters is wrong.
SELECT masters.master_id
FROM masters_v1_typed AS masters
LEFT JOIN (
    SELECT master_id, sum(length(coalesce(CAST(artist_id AS VARCHAR), '0'))) + count(*) - 1 AS characters
    FROM master_artists_v1
    GROUP BY master_id
) AS parts ON parts.master_id = masters.master_id
WHERE coalesce(length(masters.master_artist_ids), 0) <> coalesce(parts.characters, 0)
UNION ALL
SELECT masters.master_id
FROM masters_v1_typed AS masters
JOIN master_artists_v1 AS parts ON parts.master_id = masters.master_id
WHERE strpos(masters.master_artist_ids, CAST(parts.artist_id AS VARCHAR)) = 0
