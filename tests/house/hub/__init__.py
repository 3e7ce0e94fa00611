"""What deploy/hub says to the programs it is for."""
