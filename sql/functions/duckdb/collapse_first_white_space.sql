-- collapse_first_white_space(text): replaces the first run of white space (\s: space, tab, line ends, form feed) by
-- one space. Only the first, like the pipelines before this one, because users look up the names they produced.
CREATE MACRO collapse_first_white_space(text) AS regexp_replace(text, '\s+', ' ')
