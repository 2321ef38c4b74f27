-- Whether the row of the table is larger than that of the input.
{existing} > {incoming}
