"""Use cases: synchronous, thread-safe; they know neither HTTP nor DIMSE."""
