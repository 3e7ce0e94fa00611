"""One module for each notebook, same name: its exercises and its questions."""
