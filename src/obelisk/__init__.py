"""Obelisk: a lightweight, RESTful DICOM server."""

__version__ = "0.1.0"
