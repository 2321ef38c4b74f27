-- Whether the input leaves a row as it is: it has the same, or an earlier one.
(({same}) OR {larger})
