-- The schema of a namespace of tables that are not of runs, such as mine.
CREATE SCHEMA IF NOT EXISTS {schema}
