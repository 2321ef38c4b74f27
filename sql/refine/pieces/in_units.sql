-- A number with a unit, multiplied by the factor of the unit. Any other text becomes one that is no number.
CASE
    WHEN regexp_full_match({column}, {pattern}) THEN rtrim(rtrim(CAST(
        CAST(regexp_extract({column}, {pattern}, 1) AS DECIMAL(19, 6))
        * CASE regexp_extract({column}, {pattern}, 3) {cases} END
    AS VARCHAR), '0'), '.')
    WHEN {column} IS NOT NULL THEN '?'
END
