"""One config, one result: pictures, dreams, films and clips."""
