-- Whether a text is no boolean.
        lower({column}) NOT IN ('true', 'false')
