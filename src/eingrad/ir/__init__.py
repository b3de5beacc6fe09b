"""The expression graph: nodes and their normal form, how they are built and walked, what is known
of them, and what a record of a function is."""
