-- The text that stands for another.
CASE {column} {cases} ELSE {column} END
