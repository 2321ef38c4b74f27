-- Rows of the main tables.
SELECT 'artists' AS dataset, count(*) AS n FROM artists_v1_typed
UNION ALL SELECT 'artist aliases', count(*) FROM artist_aliases_v1_typed
UNION ALL SELECT 'artist memberships', count(*) FROM artist_memberships_v1_typed
UNION ALL SELECT 'labels', count(*) FROM labels_ref_v10
UNION ALL SELECT 'masters', count(*) FROM masters_v1_typed
UNION ALL SELECT 'releases', count(*) FROM releases_ref_v6
UNION ALL SELECT 'tracks', count(*) FROM release_tracks_v1
UNION ALL SELECT 'credits on releases', count(*) FROM release_extra_credits_v1
UNION ALL SELECT 'identifiers', count(*) FROM release_identifiers_v1
ORDER BY n DESC, dataset
