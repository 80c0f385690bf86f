"""The front door of the DICOM network."""
