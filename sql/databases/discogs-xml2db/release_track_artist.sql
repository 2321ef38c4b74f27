SELECT row_number() OVER () AS id, release_id || '-' || track_sequence AS track_id, credits.*
FROM (
    SELECT release_id, track_sequence, coalesce(artist_id, 0) AS artist_id, name AS artist_name, false AS extra, anv,
        position, join_phrase AS join_string, NULL AS role, NULL AS tracks
    FROM main.release_track_artists_v1
    UNION ALL
    SELECT release_id, track_sequence, coalesce(artist_id, 0), name, true, anv, position, NULL, role, tracks
    FROM main.release_track_credits_v1
) AS credits
