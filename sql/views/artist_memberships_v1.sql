-- artist_memberships_v1: artist_memberships_v1_typed without the suffix in its name. Columns are listed, because a view of * breaks in Trino when a column is added.
SELECT group_id, group_name, member_id, member_name
FROM artist_memberships_v1_typed
