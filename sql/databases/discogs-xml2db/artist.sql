SELECT artist_id AS id, coalesce(name, '[artist #' || artist_id || ']') AS name, realname, profile, data_quality
FROM main.artists_v1_typed
