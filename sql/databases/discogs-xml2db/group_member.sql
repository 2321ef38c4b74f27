SELECT artist_id AS group_artist_id, member_id AS member_artist_id, name AS member_name
FROM main.artist_members_v1
WHERE member_id IS NOT NULL
