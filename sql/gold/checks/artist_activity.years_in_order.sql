-- An artist's years are in order, and no more than the releases.
SELECT artist_id, first_year, last_year, active_years, releases
FROM built
WHERE first_year > last_year
   OR active_years > releases
   OR active_years > coalesce(last_year - first_year + 1, 0)
