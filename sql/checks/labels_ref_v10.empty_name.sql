-- severity: warn
-- of: labels_v10
-- null: name
-- max_share: 0.00001
-- means: A label has no name. Upstream has a few: 212 in every dump looked at.
-- advice: Look whether names are lost for others too; if so, do not publish.
SELECT label_id
FROM labels_ref_v10
WHERE name IS NULL
