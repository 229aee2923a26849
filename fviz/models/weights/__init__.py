"""Files of weights into modules: fetched, read, renamed, checked both ways."""
