-- Selects the lists whose positions do not count from 1 without gaps.
SELECT {group}
FROM {table}
GROUP BY {group}
HAVING min({position}) <> 1 OR max({position}) <> count(*)
