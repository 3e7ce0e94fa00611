"""Faults end to end: a page, a proxy, two workers, Redis, a provider."""
