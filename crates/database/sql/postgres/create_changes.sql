CREATE TEMPORARY TABLE export_changes (LIKE {table}, _change text NOT NULL) ON COMMIT DROP
