SELECT NULL AS artist_id, NULL AS type, NULL AS width, NULL AS height WHERE false
