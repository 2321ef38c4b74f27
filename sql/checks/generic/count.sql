-- How many rows a check gives, each of which breaks it.
SELECT count(*) AS n FROM ({query}) AS broken
