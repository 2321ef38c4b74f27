-- Whether a column lies within bounds.
{column} BETWEEN CAST({low} AS {type}) AND CAST({high} AS {type})
