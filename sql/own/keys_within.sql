-- The first column of the keys of the input that lie within the bounds of a file.
SELECT {column} FROM work.keys WHERE {within}
