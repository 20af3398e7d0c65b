"""The conversation, its channels and its delivery; `bot.app` puts Lotse together."""
