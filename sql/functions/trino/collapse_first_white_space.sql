-- collapse_first_white_space(text): see sql/functions/duckdb. White space is spelled out, because \s is Unicode's in Trino.
FUNCTION collapse_first_white_space(text varchar)
RETURNS varchar
RETURN regexp_replace(text, '^([^ \t\n\f\r]*)[ \t\n\f\r]+', '$1 ')
