"""Tests of wrapped_model."""
