"""docs/forms.md, made of the cases: `python -m tests.forms.page`."""
