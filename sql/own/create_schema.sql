-- The schema of people's own tables.
CREATE SCHEMA mine
