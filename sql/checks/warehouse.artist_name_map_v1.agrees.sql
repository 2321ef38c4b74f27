-- severity: critical
-- of: artist_name_map_v1
-- derived: artist_name_map_v1
-- statement: no
-- means: The names of an artist are not those that its names, real name, aliases and groups give.
-- advice: Build the warehouse again in a new run.
WITH names AS (
    SELECT artist_id, name FROM artists_v1_typed
    UNION ALL
    SELECT artist_id, realname FROM artists_v1_typed
    UNION ALL
    SELECT artist_id, alias_name FROM artist_aliases_v1_typed
    UNION ALL
    SELECT member_id, group_name FROM artist_memberships_v1_typed
),
expected AS (
    SELECT artist_id, collapse_first_white_space(regexp_replace(trim(BOTH ' ' FROM lower(name)), '\([0-9]+\)\z', '')) AS norm_name
    FROM names
    WHERE artist_id IN (SELECT artist_id FROM artists_v1_typed)
)
(
    SELECT artist_id, norm_name FROM expected WHERE norm_name <> ''
    EXCEPT
    SELECT artist_id, norm_name FROM artist_name_map_v1
)
UNION ALL
(
    SELECT artist_id, norm_name FROM artist_name_map_v1
    EXCEPT
    SELECT artist_id, norm_name FROM expected
)
