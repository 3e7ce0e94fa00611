"""A chat model around a chat model: what every wrapper has in common."""
