-- collapse_white_space(text): every run of white space as one space; white space is what Python's \s takes it to be.
CREATE MACRO collapse_white_space(text) AS
    regexp_replace(text, '[\s\x{1c}-\x{1f}\x{0b}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]+', ' ', 'g')
