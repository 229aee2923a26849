"""Files of weights: fetched, read, and filled into modules."""
