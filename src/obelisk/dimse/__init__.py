"""The DICOM upper layer and message exchange; knows sockets, not services."""
