-- Reads and writes times with a zone as UTC.
SET TimeZone = 'UTC'
