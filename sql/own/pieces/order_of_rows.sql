-- The rank of a row among those of a key.
row({columns})
