SELECT row_number() OVER () AS id, release_id, duration_seconds AS duration, title, description, src AS uri
FROM main.release_videos_v1
