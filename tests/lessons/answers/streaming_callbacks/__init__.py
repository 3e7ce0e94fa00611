"""Answers to the exercises of notebook 3, right ones and wrong ones."""
