"""airgap-wizard: bring workloads into a place with no internet, and prove that nothing leaks."""

__version__ = "0.1.0"
