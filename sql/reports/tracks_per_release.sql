-- Lengths of track lists; 40 stands for 40 and more.
SELECT least(tracks, 40) AS tracks, count(*) AS releases
FROM (SELECT release_id, count(*) AS tracks FROM release_tracks_v1 GROUP BY release_id) AS lists
GROUP BY least(tracks, 40)
ORDER BY 1
