"""Makes a network's code fast before it runs, on any device."""
