SELECT row_number() OVER () AS id, release_id, description, type, value FROM main.release_identifiers_v1
