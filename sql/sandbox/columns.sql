-- The names and types of a statement's columns. A subquery would rename those that occur twice.
DESCRIBE {statement}
