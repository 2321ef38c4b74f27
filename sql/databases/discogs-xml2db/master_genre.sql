SELECT row_number() OVER () AS id, master_id, genre FROM main.master_genres_v1
