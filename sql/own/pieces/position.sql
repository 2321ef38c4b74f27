-- The position of a row in its file, from 1.
rowid + 1 AS {name}
