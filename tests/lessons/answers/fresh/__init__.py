"""Answers by somebody who had not seen the checks, notebook by notebook."""
