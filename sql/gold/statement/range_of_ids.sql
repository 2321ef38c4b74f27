-- The smallest and the largest id.
SELECT min(id), max(id) FROM ({ids})
