-- Loads the extension that reads objects; DuckDB verifies its signature.
LOAD {extension}
