-- artist_memberships_v1: artist_memberships_v1_typed under the name without its suffix. Columns are named: a view of * breaks in Trino when one is added.
SELECT group_id, group_name, member_id, member_name
FROM artist_memberships_v1_typed
