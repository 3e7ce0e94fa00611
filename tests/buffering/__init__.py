"""Tests of buffering."""
