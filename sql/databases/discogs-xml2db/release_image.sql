SELECT NULL AS release_id, NULL AS type, NULL AS width, NULL AS height WHERE false
