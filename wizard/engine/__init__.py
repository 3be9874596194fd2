"""Events, problems, secrets, steps, the runner and its journal: nothing here knows what is being installed."""
