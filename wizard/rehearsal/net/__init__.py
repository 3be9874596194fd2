"""The simulated network: names, policies, and who reaches whom."""
