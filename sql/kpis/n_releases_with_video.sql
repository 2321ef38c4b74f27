-- Releases with a video.
SELECT count(DISTINCT release_id) AS kpi_value
FROM release_videos_v1
