-- artist_memberships_v1_typed_dedup: each membership once, even if both the group and the member list it.
SELECT DISTINCT group_id, group_name, member_id, member_name
FROM artist_memberships_v1_typed
