-- No value of a type.
CAST(NULL AS {type}) AS {name}
