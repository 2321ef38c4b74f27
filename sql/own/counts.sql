-- How many rows of the input are in the table already and change, and how many are in it as they are.
SELECT count_if(is_changed), count_if(NOT is_changed) FROM work.matched
