-- artist_name_map_v1: every normalised name under which an artist is known.
-- reads: artists_v1_typed, artist_aliases_v1_typed, artist_memberships_v1_typed
--
-- A name is put in lower case and trimmed, one trailing (n) of Discogs' for namesakes is taken off, and the first run of
-- white space is collapsed, in this order: 'Ricky (6)' is 'ricky ', with the space that stood before the bracket. The
-- pipelines before this one had this rule and people look names up by it, so it stays. What is trimmed, a number and the
-- end are spelt out: engines differ in what they take for white space, and some in whether $ is before a last line end.
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
