-- The companies that pressed, mastered or recorded the most releases, by role.
SELECT entity_type_name AS did, company_id, max(name) AS name, count(DISTINCT release_id) AS releases
FROM release_companies_v1
WHERE entity_type_name IN ('Pressed By', 'Mastered At', 'Recorded At')
GROUP BY entity_type_name, company_id
ORDER BY releases DESC, did, company_id
LIMIT 30
