CREATE TABLE {table} ( -- {comment}
    {columns}
) {options}
