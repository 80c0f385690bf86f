"""How this implementation names itself (PS3.7 Section D.3.3.2, PS3.10 Section 7.1)."""

from obelisk import __version__

IMPLEMENTATION_CLASS_UID = "2.25.216973459878221803394955098610070530534"
IMPLEMENTATION_VERSION_NAME = f"OBELISK_{__version__}"[:16]
