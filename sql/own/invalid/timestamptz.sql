-- Whether a text is no timestamptz.
        NOT regexp_full_match(
            {column},
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[-+][0-9]{2}(:?[0-9]{2})?)'
        )
        OR TRY_CAST({column} AS TIMESTAMPTZ) IS NULL
