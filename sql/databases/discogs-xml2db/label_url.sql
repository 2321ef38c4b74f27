SELECT row_number() OVER () AS id, label_id, url FROM main.label_urls_v1
