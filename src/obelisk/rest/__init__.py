"""The front door of HTTP."""
