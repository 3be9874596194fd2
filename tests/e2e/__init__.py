"""End to end: whole journeys against real servers."""
