-- Makes a list of the tags of a snapshot.
ALTER TABLE table_snapshots
ALTER tags SET DATA TYPE VARCHAR[] USING list_filter(string_split(tags, chr(10)), lambda tag: tag <> '')
