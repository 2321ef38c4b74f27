SELECT row_number() OVER () AS id, release_id, sequence, position, parent_sequence AS parent, title, duration,
    release_id || '-' || sequence AS track_id
FROM main.release_tracks_v1
