"""ZIP archives and media of what is stored."""
