CREATE {persistence} TABLE {table} (
    {columns}
)
