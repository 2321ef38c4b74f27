SELECT NULL AS label_id, NULL AS type, NULL AS width, NULL AS height WHERE false
