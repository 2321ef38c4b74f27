-- A text, or NULL if it means that there is no value.
CASE WHEN {column} NOT IN ({words}) THEN {column} END
