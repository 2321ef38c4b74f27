-- Whether a column of a view has a text. It ends at the first row.
SELECT count(*) FROM (SELECT 1 FROM {view} WHERE {column} = {text} LIMIT 1) AS found
