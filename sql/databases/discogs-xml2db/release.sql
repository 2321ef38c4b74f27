SELECT release_id AS id, title, released, country, notes, data_quality, is_main_release AS main, master_id, status
FROM main.releases_v6
