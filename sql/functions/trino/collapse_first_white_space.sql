-- collapse_first_white_space(text): see sql/functions/duckdb. White space is spelt out: \s is Unicode's here.
FUNCTION collapse_first_white_space(text varchar)
RETURNS varchar
RETURN regexp_replace(text, '^([^ \t\n\f\r]*)[ \t\n\f\r]+', '$1 ')
