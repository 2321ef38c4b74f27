-- Loads a file of JSON objects as text, one row an object, in the order of the file.
CREATE TABLE work.raw AS
SELECT {texts}
FROM read_json(
    {file}, format = 'newline_delimited', records = true, columns = {{columns}}, compression = 'uncompressed'
)
