"""Tests of fake/server."""
