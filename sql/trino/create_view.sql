-- Creates a view or replaces it in one statement, so that readers never miss it.
CREATE OR REPLACE VIEW {view}
COMMENT {comment}
SECURITY INVOKER
AS
{query}
