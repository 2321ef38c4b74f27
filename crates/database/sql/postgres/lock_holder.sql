SELECT format('the process %s of %s, since %s', activity.pid, coalesce(host(client_addr), 'this host'),
    to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'))
FROM pg_locks JOIN pg_stat_activity AS activity ON activity.pid = pg_locks.pid
WHERE locktype = 'advisory'
    AND classid::bigint = hashtext('export-database')::bigint & 4294967295
    AND objid::bigint = hashtext($1)::bigint & 4294967295
LIMIT 1
