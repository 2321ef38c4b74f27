-- text_hash(text): see sql/functions/duckdb.
FUNCTION text_hash(text varchar)
RETURNS bigint
RETURN from_base(substr(lower(to_hex(md5(to_utf8(text)))), 1, 15), 16)
