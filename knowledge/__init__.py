"""What Lotse knows: answers, services, regions; curated as files first, then in the database."""
