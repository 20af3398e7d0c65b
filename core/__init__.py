"""What every part of Lotse stands on: settings, database, encryption, languages, staff accounts, web layout."""
