-- artist_name_map_v1: every normalised name under which an artist is known.
-- reads: artists_v1_typed, artist_aliases_v1_typed, artist_memberships_v1_typed
--
-- The rule lower-cases and trims a name, removes one trailing (n), by which Discogs distinguishes namesakes, and collapses
-- the first run of white space, in this order: 'Ricky (6)' becomes 'ricky ', with the space before the bracket. It is the
-- rule of the pipelines before this one, and users look names up by its results, so it stays. The SQL spells out trimmed
-- characters, digits and the end: engines differ in white space, and in whether $ matches before a last line end.
WITH names AS (
    SELECT name, artist_id FROM artists_v1_typed
    UNION ALL
    SELECT realname, artist_id FROM artists_v1_typed
    UNION ALL
    SELECT alias_name, artist_id FROM artist_aliases_v1_typed
    UNION ALL
    SELECT group_name, member_id FROM artist_memberships_v1_typed
),
normalised AS (
    SELECT collapse_first_white_space(regexp_replace(trim(BOTH ' ' FROM lower(name)), '\([0-9]+\)\z', '')) AS norm_name, artist_id
    FROM names
    WHERE name IS NOT NULL
)
SELECT DISTINCT norm_name, artist_id
FROM normalised
WHERE norm_name <> ''
  AND artist_id IN (SELECT artist_id FROM artists_v1_typed)
ORDER BY norm_name, artist_id
