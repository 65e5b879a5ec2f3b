"""Learning: a table in, probabilities and reasons out."""
