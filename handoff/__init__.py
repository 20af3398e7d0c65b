"""From the bot to a person: triage, consent, tickets, routing, the case managers' desk."""
