-- Drops the view that a build made in Trino.
DROP VIEW IF EXISTS {view}
