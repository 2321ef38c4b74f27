-- Loads a CSV file as text, one row a record, in the order of the file.
CREATE TABLE work.raw AS
SELECT *
FROM read_csv(
    {file},
    auto_detect = false,
    columns = {{columns}},
    delim = {delimiter},
    quote = {quote},
    escape = {quote},
    header = {header},
    strict_mode = true,
    null_padding = {pads},
    parallel = {parallel},
    compression = 'none'
)
