-- A column as text.
CAST({column} AS VARCHAR) AS {name}
