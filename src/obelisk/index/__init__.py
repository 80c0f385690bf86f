"""What is known about the bytes."""
