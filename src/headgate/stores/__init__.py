"""Where Headgate keeps things: the database and the blobs."""
