-- The input with the types of the table. Names with a space are this project's own.
CREATE OR REPLACE TEMP VIEW typed_input AS
SELECT rowid AS "input position", {columns} FROM work.raw
