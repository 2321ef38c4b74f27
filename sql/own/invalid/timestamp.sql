-- Whether a text is no timestamp.
        NOT regexp_full_match({column}, '[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?')
        OR TRY_CAST({column} AS TIMESTAMP) IS NULL
