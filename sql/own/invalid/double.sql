-- Whether a text is no double.
        NOT regexp_full_match({column}, '-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?')
        OR TRY_CAST({column} AS DOUBLE) IS NULL
