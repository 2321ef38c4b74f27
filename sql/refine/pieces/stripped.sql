-- A text without a part.
replace({column}, {part}, {by})
