"""Image files → pixels, in processes of their own, since images are untrusted."""
