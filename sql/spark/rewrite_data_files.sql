-- Rewrites the files of an Iceberg table that are smaller than a size or have deleted rows. {strategy} is binpack, or sort for
-- the order of the table.
CALL lake.system.rewrite_data_files(
    table => {table},
    strategy => {strategy},
    options => map(
        'target-file-size-bytes', {target},
        'min-file-size-bytes', {smallest},
        'min-input-files', '2',
        'delete-file-threshold', '1',
        'remove-dangling-deletes', 'true'
    )
)
