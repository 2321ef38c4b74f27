-- The rows of a file as they came, with what is known of them.
SELECT {columns}
FROM work.raw
