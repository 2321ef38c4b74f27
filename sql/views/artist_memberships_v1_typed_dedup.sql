-- artist_memberships_v1_typed_dedup: each membership once, whether the group, the member or both name it.
SELECT DISTINCT group_id, group_name, member_id, member_name
FROM artist_memberships_v1_typed
