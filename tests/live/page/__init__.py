"""Tests of live/page."""
