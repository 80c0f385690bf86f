"""Read data elements (PS3.5) and files (PS3.10), with limits."""
