-- The texts after a step of their cleaning.
CREATE OR REPLACE TEMP VIEW {name} AS
SELECT * REPLACE ({columns}) FROM {from}
