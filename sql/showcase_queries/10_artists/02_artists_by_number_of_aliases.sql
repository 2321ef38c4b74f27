-- The artists with the most aliases, and these aliases.
SELECT artists.artist_id, artists.name, count(*) AS n_aliases, max(artists.aliases) AS aliases
FROM artist_aliases_v1 AS aliases
JOIN artists_v1 AS artists ON artists.artist_id = aliases.artist_id
GROUP BY artists.artist_id, artists.name
ORDER BY n_aliases DESC, artists.artist_id
LIMIT 20
