SELECT label_id AS id, name, contact_info, profile, parent_label_id AS parent_id, parent_label_name AS parent_name,
    data_quality
FROM main.labels_v10
