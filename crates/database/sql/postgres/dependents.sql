SELECT tables.relname, pg_describe_object('pg_class'::regclass, coalesce(views.oid, constraints.conrelid), 0)
FROM pg_depend
JOIN pg_class AS tables ON refclassid = 'pg_class'::regclass AND tables.oid = refobjid
JOIN pg_namespace AS schemas ON schemas.oid = tables.relnamespace
LEFT JOIN pg_rewrite AS rules ON classid = 'pg_rewrite'::regclass AND rules.oid = objid
LEFT JOIN pg_class AS views ON views.oid = rules.ev_class
LEFT JOIN pg_constraint AS constraints ON classid = 'pg_constraint'::regclass AND constraints.oid = objid
WHERE schemas.nspname = $1
    AND (views.relnamespace <> schemas.oid OR constraints.connamespace <> schemas.oid)
ORDER BY 1, 2
LIMIT 1
