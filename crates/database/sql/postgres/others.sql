SELECT relname
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = $1 AND relkind IN ('r', 'p', 'v', 'm', 'f')
    AND relname NOT IN ('_export', '_export_tables')
    AND relname NOT IN (SELECT table_name FROM {schema}._export_tables)
ORDER BY relname
LIMIT 1
