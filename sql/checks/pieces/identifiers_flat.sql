-- The pieces of identifiers_flat, in the order of the rows: type [description] : value.
SELECT
    release_id,
    position,
    concat(
        coalesce(type, ''),
        CASE WHEN type IS NOT NULL AND description IS NOT NULL THEN ' ' ELSE '' END,
        CASE WHEN description IS NOT NULL THEN concat('[', description, ']') ELSE '' END,
        CASE WHEN coalesce(type, description) IS NOT NULL AND value IS NOT NULL THEN ' ' ELSE '' END,
        CASE WHEN value IS NOT NULL THEN concat(': ', value) ELSE '' END
    ) AS piece
FROM release_identifiers_v1
