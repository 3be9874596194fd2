"""Data files that travel with the program: worlds, explanations, templates."""
