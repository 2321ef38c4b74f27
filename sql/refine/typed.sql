-- The value of each declared column, NULL for a text that is no value of its type.
CREATE OR REPLACE TEMP VIEW "typed rows" AS
SELECT *, {columns} FROM {from}
