"""Translate what a platform sends to Events, and Replies to what it shows."""
