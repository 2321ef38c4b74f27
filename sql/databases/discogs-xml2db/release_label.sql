SELECT row_number() OVER () AS id, release_id, label_id, name AS label_name, catno FROM main.release_labels_v1
