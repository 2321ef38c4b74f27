-- Counts the rows of a table, the rows that pass a filter true of all, and the rows that pass one true of the last.
SELECT
    {name} AS table_name,
    (SELECT count(*) FROM {table}) AS n,
    (SELECT count(*) FROM {table} WHERE {column} BETWEEN {least} AND {most}) AS n_between,
    (SELECT count(*) FROM {table} WHERE {column} = {most}) AS n_last
