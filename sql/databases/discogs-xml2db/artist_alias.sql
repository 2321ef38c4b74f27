SELECT artist_id, alias_name, alias_id AS alias_artist_id FROM main.artist_aliases_v1_typed
