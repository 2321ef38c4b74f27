SELECT pg_try_advisory_lock(hashtext('export-database'), hashtext($1))
