"""Answers: what the operator wants, declared once; schema, form, docs, validation and `--set` all follow from it."""
