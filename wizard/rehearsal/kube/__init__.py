"""A small API server: objects that persist, admission, and the controllers that react to them."""
