-- severity: info
-- beyond: critical
-- of: masters_v1_typed
-- max_share: 0.02
-- means: The main release of a master is a release of another master, or says that it is no main release. The dumps of a month are not of one instant, so a few are.
-- advice: If many are, ids of masters or releases went astray; do not publish.
SELECT masters.master_id, masters.main_release_id, releases.master_id AS master_of_release
FROM masters_v1_typed AS masters
JOIN releases_ref_v6 AS releases ON releases.release_id = masters.main_release_id
WHERE releases.master_id <> masters.master_id OR releases.is_main_release = FALSE
