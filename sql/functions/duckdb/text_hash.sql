-- text_hash(text): 60 bits of the text's MD5, the same number in every engine. For checksums of rows.
CREATE MACRO text_hash(text) AS CAST('0x' || substr(md5(text), 1, 15) AS BIGINT)
