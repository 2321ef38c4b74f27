-- The pieces of credits_flat, in the order of the rows: role: name, or the one of the two that is there.
SELECT
    release_id,
    position,
    concat(
        coalesce(role, ''),
        CASE WHEN role IS NOT NULL AND name IS NOT NULL THEN ': ' ELSE '' END,
        coalesce(name, '')
    ) AS piece
FROM release_extra_credits_v1
WHERE role IS NOT NULL OR name IS NOT NULL
