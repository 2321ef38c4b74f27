-- Runs a statement, drops its rows, and returns its plan with the rows and the time of each step.
EXPLAIN ANALYZE {statement}
