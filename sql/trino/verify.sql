-- How many rows a table has, how many a filter finds that all rows pass, and how many one that the last of them passes.
SELECT
    {name} AS table_name,
    (SELECT count(*) FROM {table}) AS n,
    (SELECT count(*) FROM {table} WHERE {column} BETWEEN {least} AND {most}) AS n_between,
    (SELECT count(*) FROM {table} WHERE {column} = {most}) AS n_last
