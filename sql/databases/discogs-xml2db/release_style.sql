SELECT release_id, style FROM main.release_styles_v1
