SELECT row_number() OVER () AS id, release_id, coalesce(company_id, 0) AS company_id, name AS company_name, entity_type,
    entity_type_name, 'https://api.discogs.com/labels/' || company_id AS uri
FROM main.release_companies_v1
