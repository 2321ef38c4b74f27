-- The rows of the files to rewrite that are not older than a time, in microseconds since 1970, and those without a time.
SELECT {columns}
FROM rewritten
WHERE {column} IS NULL OR epoch_us(CAST({column} AS TIMESTAMP WITH TIME ZONE)) >= {before}
{order}
