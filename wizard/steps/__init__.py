"""The steps of the journeys, one file each; `JOURNEYS` lists them in order."""
