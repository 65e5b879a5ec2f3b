"""The service over time: the command line, the scans, the deliveries."""
