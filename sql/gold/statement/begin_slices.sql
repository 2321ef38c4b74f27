-- The schema of the slices.
CREATE SCHEMA slice
