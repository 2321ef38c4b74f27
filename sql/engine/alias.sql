-- Creates a view under another name.
CREATE VIEW {name} AS SELECT * FROM {of}
