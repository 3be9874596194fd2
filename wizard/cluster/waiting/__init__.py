"""Why a release is not Ready yet, out of its pods, claims and events: told while it is waited for."""
