"""The app in notebooks/chat: through its own addresses, and as a process."""
