"""Tests of fake/schema."""
