SELECT row_number() OVER () AS id, master_id, style FROM main.master_styles_v1
