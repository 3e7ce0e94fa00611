"""What is measured of the chat: its metrics, its spans, and what a crowd sees."""
