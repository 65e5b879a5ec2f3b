"""The service over time: the command line, the scans, the deliveries."""

RARELY = 20_000, 10, 10
"""How much is made before garbage is looked for: by Python's own 700 that is a sixth of a command's beginning."""
