-- The number of rows of the input whose key comes again.
SELECT count(*) - (SELECT count(*) FROM (SELECT DISTINCT {keys} FROM typed_input) AS keys) FROM typed_input
