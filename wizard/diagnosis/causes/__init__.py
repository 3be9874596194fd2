"""The families of causes, one file each: pure functions from a scene to what they can say of it."""
