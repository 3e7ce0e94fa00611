"""Tests of the house itself: its floors, its setup, what it keeps."""
