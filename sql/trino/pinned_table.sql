-- {name}: {comment}
SELECT * FROM {table} FOR VERSION AS OF {tag}
