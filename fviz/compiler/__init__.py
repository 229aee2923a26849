"""A network's code made fast: what happens to it before it runs."""
