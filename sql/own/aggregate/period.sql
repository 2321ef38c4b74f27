-- The first day of the day, week, month, quarter or year in which a row lies.
CAST(date_trunc({unit}, {column}) AS DATE) AS {name}
