"""The probe's words (docs/ARCHITECTURE.md), interpreted against the simulated network."""
