"""Rules of the standard: bytes in, values out; no socket, SQL or HTTP."""
