-- A table of people's own, without the names of its files.
CREATE VIEW mine.{name} AS
SELECT * EXCLUDE ("file name", "file row") FROM {view}
