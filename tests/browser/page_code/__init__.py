"""The page's own code, in a browser without JupyterLab."""
