SELECT row_number() OVER () AS id, master_id, duration_seconds AS duration, title, description, src AS uri
FROM main.master_videos_v1
