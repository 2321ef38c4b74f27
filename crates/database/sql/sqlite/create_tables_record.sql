CREATE TABLE _export_tables (
    table_name TEXT PRIMARY KEY,
    rows INTEGER NOT NULL,
    indexed INTEGER NOT NULL DEFAULT 0
)
