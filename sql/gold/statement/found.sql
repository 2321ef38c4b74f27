-- How many rows break a rule, and the first of them as a text.
SELECT count(*), min(CAST(broken AS VARCHAR))
FROM ({rule}
) AS broken
