-- A table that is not of runs, without the names of its files.
CREATE VIEW {schema}.{name} AS
SELECT * EXCLUDE ("file name", "file row") FROM {view}
