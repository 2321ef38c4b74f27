SELECT master_id AS id, title, year, main_release_id AS main_release, data_quality FROM main.masters_v1_typed
