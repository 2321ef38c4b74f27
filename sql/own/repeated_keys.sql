-- The number of rows of a state whose key comes again or is missing.
SELECT count(*) - (SELECT count(*) FROM (SELECT DISTINCT {keys} FROM {state}) AS keys)
    + count_if({is_null})
FROM {state}
