-- A table without rows, in Trino, for the months before the first.
CREATE OR REPLACE VIEW {view}
COMMENT {comment}
AS
SELECT {columns} WHERE false
