"""The desk: what waits for whom and by when, who takes it, what is put off, noted, handed on, and found again."""
