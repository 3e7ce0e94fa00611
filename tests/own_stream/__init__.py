"""Tests of own_stream."""
