"""More processes that answer HTTP requests: how they live, and how they are told."""
