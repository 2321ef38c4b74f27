SELECT row_number() OVER () AS id, release_id, genre FROM main.release_genres_v1
