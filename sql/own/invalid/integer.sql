-- Whether a text is no integer.
        NOT regexp_full_match({column}, '-?(0|[1-9][0-9]*)') OR TRY_CAST({column} AS INTEGER) IS NULL
