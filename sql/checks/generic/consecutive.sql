-- A list does not count from 1 without gaps. The keys of the lists.
SELECT {group}
FROM {table}
GROUP BY {group}
HAVING min({position}) <> 1 OR max({position}) <> count(*)
