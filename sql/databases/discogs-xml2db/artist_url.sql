SELECT row_number() OVER () AS id, artist_id, url FROM main.artist_urls_v1
