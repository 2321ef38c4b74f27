-- A view, in the place of one of that name: at no instant is there none.
CREATE OR REPLACE VIEW {view}
COMMENT {comment}
SECURITY INVOKER
AS
{query}
