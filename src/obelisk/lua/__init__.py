"""Scripts in Lua that clients send."""
