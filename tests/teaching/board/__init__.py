"""Tests of the class board."""
