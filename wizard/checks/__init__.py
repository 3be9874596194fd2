"""Judge: pure functions from facts to findings. Preflight, verification and diagnosis are the same checks."""
