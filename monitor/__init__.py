"""Who we watch, what we know, what policy says, and what was done."""
