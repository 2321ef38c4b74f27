-- The groups with the most members, each membership counted once.
SELECT group_id, max(group_name) AS group_name, count(DISTINCT member_id) AS members
FROM artist_memberships_v1_typed_dedup
GROUP BY group_id
ORDER BY members DESC, group_id
LIMIT 20
