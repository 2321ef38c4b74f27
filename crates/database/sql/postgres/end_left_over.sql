SELECT count(pg_terminate_backend(pid, 30000))
FROM pg_stat_activity
WHERE application_name = $1 AND pid <> pg_backend_pid() AND datname = current_database() AND usename = current_user
