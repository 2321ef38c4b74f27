-- A share is more than 0 and at most 1.
SELECT style, released_year, share
FROM built
WHERE NOT (share > 0 AND share <= 1)
