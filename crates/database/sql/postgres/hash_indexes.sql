SELECT indexes.relname
FROM pg_class AS indexes JOIN pg_namespace ON pg_namespace.oid = relnamespace JOIN pg_am ON pg_am.oid = relam
WHERE nspname = $1 AND relkind = 'i' AND amname = 'hash'
