SELECT row_number() OVER (ORDER BY formats.release_id, formats.position) AS id, formats.release_id, name,
    CASE WHEN regexp_full_match(qty_text, '[0-9]+') THEN qty_text END AS qty, text AS text_string, descriptions
FROM main.release_formats_v1 AS formats
LEFT JOIN (
    SELECT release_id, format_position, string_agg(description, '; ' ORDER BY position) AS descriptions
    FROM main.release_format_descriptions_v1
    GROUP BY release_id, format_position
) AS described ON described.release_id = formats.release_id AND described.format_position = formats.position
