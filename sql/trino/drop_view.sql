-- Forgets a view.
DROP VIEW IF EXISTS {view}
