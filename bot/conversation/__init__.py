"""The dialogue itself, free of any channel: an Event goes in, Replies come out; one file per dialogue."""
