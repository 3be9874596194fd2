"""The few things that pages are made of."""
