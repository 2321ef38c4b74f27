-- The rows of the input.
SELECT {incoming} FROM incoming
{order}
