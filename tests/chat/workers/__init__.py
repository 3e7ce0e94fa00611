"""Several workers: what they share, what stands before them, how they are replaced."""
