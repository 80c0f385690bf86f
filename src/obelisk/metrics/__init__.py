"""What the server counts and times, and how it is told to those who watch it."""
