"""What one message says: its text, thoughts, calls and usage, and who says it."""
