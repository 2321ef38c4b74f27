-- The most digits before and after the point of a column of numbers, and how many are written with an exponent.
SELECT
    max(length(regexp_extract({column}, '^-?([0-9]+)', 1))) AS digits,
    max(length(split_part({column}, '.', 2))) AS scale,
    count_if(contains(lower({column}), 'e')) AS exponents
FROM work.raw
