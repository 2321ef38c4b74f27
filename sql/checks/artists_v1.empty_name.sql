-- severity: warn
-- of: artists_v1_typed
-- null: name
-- max_share: 0.00001
-- means: An artist has no name. Upstream has a few: 66827 in every dump looked at.
-- advice: Look whether names are lost for others too; if so, do not publish.
SELECT artist_id
FROM artists_v1_typed
WHERE name IS NULL
