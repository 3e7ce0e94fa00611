"""A real JupyterHub with a class of learners who all run notebook 4 at once."""
