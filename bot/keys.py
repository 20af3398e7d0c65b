"""The master key and its database belong together: checked at every start."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
import structlog

from core.crypto import Vault, create_key_file, read_key_file
from core.database import Database, meta
from core.errors import KeyRefused

log = structlog.get_logger()

FINGERPRINT = "key_fingerprint"


async def open_vault(database: Database, key_file: Path) -> Vault:
    """The vault for this database.

    A key file is made only together with an empty database; a missing key, or one of another database, is refused.
    """
    async with database.transaction() as connection:
        known = await connection.scalar(sa.select(meta.c.value).where(meta.c.key == FINGERPRINT))
        if known is None:
            vault = read_key_file(key_file) if key_file.exists() else _create(key_file)  # noqa: ASYNC240
            await connection.execute(sa.insert(meta).values(key=FINGERPRINT, value=vault.fingerprint))
            return vault
    vault = read_key_file(key_file)
    if vault.fingerprint != known:
        raise KeyRefused(f"The master key {key_file} belongs to another database. Put the right one in its place; "
                         "nothing was changed.")
    return vault


def _create(key_file: Path) -> Vault:
    try:
        vault = create_key_file(key_file)
    except OSError as error:
        raise KeyRefused(f"The master key {key_file} cannot be written: {error.strerror}. Choose another place with "
                         "LOTSE_KEY_FILE.") from None
    log.info("master key created; keep a copy in a safe place", file=str(key_file))
    return vault
