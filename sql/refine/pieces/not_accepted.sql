-- Whether a text is none of those that are accepted.
{column} NOT IN ({accepted})
