"""Tests of what keeps answers for readers who come back."""
