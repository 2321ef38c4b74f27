-- Whether a text is no decimal.
        NOT regexp_full_match({column}, '-?(0|[1-9][0-9]*)(\.[0-9]+)?')
        OR length(rtrim(split_part({column}, '.', 2), '0')) > {scale}
        OR TRY_CAST({column} AS {type}) IS NULL
