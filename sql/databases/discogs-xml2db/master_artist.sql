SELECT row_number() OVER () AS id, master_id, coalesce(artist_id, 0) AS artist_id, name AS artist_name, anv, position,
    join_phrase AS join_string, NULL AS role
FROM main.master_artists_v1
