"""Inbox and outbox: nothing is lost, nothing is done twice."""
