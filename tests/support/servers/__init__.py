"""Real servers of our own, on ports that are free: Redis, proxies, the chat."""
