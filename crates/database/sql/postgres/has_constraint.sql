SELECT EXISTS (
    SELECT FROM pg_constraint JOIN pg_namespace ON pg_namespace.oid = connamespace
    WHERE nspname = $1 AND conname = $2
)
