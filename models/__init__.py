"""Learning: a table in, probabilities and reasons out."""

import os

# Without it OpenMP's threads spin while other processes want the cores: learning is 10 to 45 times slower. It is read
# when scikit-learn is first loaded, and scikit-learn is loaded nowhere but in this room.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
