-- artist_memberships_v1: artist_memberships_v1_typed under the name without its suffix.
SELECT * FROM artist_memberships_v1_typed
