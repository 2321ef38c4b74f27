SELECT row_number() OVER () AS id, credits.*
FROM (
    SELECT release_id, coalesce(artist_id, 0) AS artist_id, name AS artist_name, 0 AS extra, anv, position,
        join_phrase AS join_string, NULL AS role, NULL AS tracks
    FROM main.release_artist_credits_v1
    UNION ALL
    SELECT release_id, coalesce(artist_id, 0), name, 1, anv, position, NULL, role, tracks
    FROM main.release_extra_credits_v1
) AS credits
