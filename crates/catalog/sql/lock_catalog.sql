-- Held until the end of the transaction. The number is this catalog's own.
SELECT pg_advisory_xact_lock(7301846529)
