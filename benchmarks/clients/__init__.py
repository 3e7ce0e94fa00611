"""Real clients against the fake server: small programs, and the page made of them."""
