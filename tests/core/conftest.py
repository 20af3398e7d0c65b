from tests.handoff.conftest import database, postgres_url, vault

__all__ = ["database", "postgres_url", "vault"]
