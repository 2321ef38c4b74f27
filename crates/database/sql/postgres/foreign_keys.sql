SELECT conname FROM pg_constraint JOIN pg_namespace ON pg_namespace.oid = connamespace
WHERE nspname = $1 AND contype = 'f'
