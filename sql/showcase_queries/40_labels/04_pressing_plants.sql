-- Who pressed, mastered and recorded the most releases: companies by what they did.
SELECT entity_type_name AS did, company_id, max(name) AS name, count(DISTINCT release_id) AS releases
FROM release_companies_v1
WHERE entity_type_name IN ('Pressed By', 'Mastered At', 'Recorded At')
GROUP BY entity_type_name, company_id
ORDER BY releases DESC, did, company_id
LIMIT 30
