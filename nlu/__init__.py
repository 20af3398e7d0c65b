"""What a person means: language, topic, aspect, details, and how sure that is."""
