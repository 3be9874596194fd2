"""The Textual front end: it edits answers, launches the run and reads its journal."""
