SELECT NULL AS master_id, NULL AS type, NULL AS width, NULL AS height WHERE false
