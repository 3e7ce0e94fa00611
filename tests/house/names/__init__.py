"""Public and private names: what they say, and who uses them."""
