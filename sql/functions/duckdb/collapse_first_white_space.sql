-- collapse_first_white_space(text): the first run of white space (\s: space, tab, line ends, form feed) as one space.
-- Only the first: that is what the pipelines before this one did, and the names they gave are what people look up.
CREATE MACRO collapse_first_white_space(text) AS regexp_replace(text, '\s+', ' ')
