SELECT conname
FROM pg_constraint
JOIN pg_class ON pg_class.oid = conrelid
JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = $1 AND relname = $2 AND contype = 'f' AND NOT convalidated
ORDER BY conname
