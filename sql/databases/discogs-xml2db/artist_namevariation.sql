SELECT row_number() OVER () AS id, artist_id, name FROM main.artist_name_variations_v1
