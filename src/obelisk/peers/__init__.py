"""Requests to other servers by HTTP: connections, and what is asked on them."""
