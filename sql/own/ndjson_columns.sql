-- The keys of all objects of a file, in the order in which they come first.
DESCRIBE SELECT *
FROM read_json({file}, format = 'newline_delimited', records = true, maximum_depth = 1, sample_size = -1, compression = 'uncompressed')
