"""Encryption at rest: one master key outside the database, a data key per newcomer and per ticket.

AES-256-GCM with a random 96-bit nonce in front of each ciphertext. Whoever deletes a data key's row makes everything
under it unreadable. Lookups (a chat's pseudonym) use an HMAC, so that the database holds no chat id in the clear.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import KeyRefused

_NONCE = 12


class DataKey:
    """A 256-bit key for the texts of one newcomer, one ticket, or the messages in transit."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def encrypt(self, data: bytes) -> bytes:
        """Nonce and ciphertext in one piece."""
        nonce = os.urandom(_NONCE)
        return nonce + self._aead.encrypt(nonce, data, None)

    def decrypt(self, blob: bytes) -> bytes:
        """The plain bytes; KeyRefused if the key is another one or the data was changed."""
        try:
            return self._aead.decrypt(blob[:_NONCE], blob[_NONCE:], None)
        except (InvalidTag, ValueError):  # ValueError: shorter than a nonce
            raise KeyRefused(
                "A stored text does not open with the key at hand; restore the key that belongs to this database."
            ) from None

    def seal(self, value: Any) -> bytes:
        """A JSON value, encrypted. Half of a surrogate pair is no character and becomes a question mark."""
        return self.encrypt(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"))

    def unseal(self, blob: bytes) -> Any:
        """The JSON value that `seal` was given."""
        return json.loads(self.decrypt(blob))


class Vault:
    """Everything that needs the master key."""

    def __init__(self, master: bytes) -> None:
        if len(master) != 32:
            raise KeyRefused("The master key file does not hold a 256-bit key in base64.")
        self._wrapping = DataKey(self._derive(master, b"wrap"))
        self._lookup_key = self._derive(master, b"lookup")
        self.transit = DataKey(self._derive(master, b"transit"))
        self.fingerprint = hashlib.sha256(self._derive(master, b"fingerprint")).hexdigest()[:32]

    @staticmethod
    def _derive(master: bytes, purpose: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"lotse/" + purpose).derive(master)

    def pseudonym(self, namespace: str, value: str) -> str:
        """A stable name for `value` that cannot be turned back without the master key; 32 hex digits."""
        return hmac.new(self._lookup_key, f"{namespace}\0{value}".encode(errors="replace"), hashlib.sha256).hexdigest()[
            :32
        ]

    def new_data_key(self) -> tuple[bytes, DataKey]:
        """A fresh key: wrapped for the database, and ready to use."""
        key = secrets.token_bytes(32)
        return self._wrapping.encrypt(key), DataKey(key)

    def open_data_key(self, wrapped: bytes) -> DataKey:
        """The key that `new_data_key` wrapped."""
        return DataKey(self._wrapping.decrypt(wrapped))


def create_key_file(path: Path) -> Vault:
    """Write a new master key (mode 600); refuses to overwrite."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(32)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return read_key_file(path)


def read_key_file(path: Path) -> Vault:
    """The vault behind a key file; KeyRefused with a sentence if it is missing, unreadable or malformed."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise KeyRefused(
            f"The master key {path} is missing. Put it back from its safe place; without it nothing that "
            "is stored can be read."
        ) from None
    except OSError as error:
        raise KeyRefused(f"The master key {path} cannot be read: {error.strerror}.") from None
    try:
        return Vault(base64.b64decode(text.strip(), validate=True))
    except ValueError:
        raise KeyRefused(f"The master key {path} is damaged: it must be one line of base64.") from None
