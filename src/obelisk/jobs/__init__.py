"""Work that goes on by itself: rows with a cursor, and the threads that move them."""
