-- Reads a table whose columns the shell describes.
FROM {table}
