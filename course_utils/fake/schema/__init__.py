"""Values that follow a JSON schema: what a scripted model fills into a tool call."""
