-- Drops a view.
DROP VIEW IF EXISTS {view}
