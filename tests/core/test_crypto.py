"""Encryption at rest."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.crypto import DataKey, Vault, create_key_file, read_key_file
from core.errors import KeyRefused

KEY = DataKey(b"k" * 32)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_what_is_encrypted_comes_back(data: bytes) -> None:
    assert KEY.decrypt(KEY.encrypt(data)) == data


@given(JSON)
@settings(max_examples=50, deadline=None)
def test_what_is_sealed_comes_back(value: Any) -> None:
    assert KEY.unseal(KEY.seal(value)) == value


def test_half_a_surrogate_pair_is_sealed_as_a_question_mark() -> None:
    assert KEY.unseal(KEY.seal({"text": "a\ud800b"})) == {"text": "a?b"}


def test_the_same_text_is_never_encrypted_to_the_same_bytes() -> None:
    assert KEY.encrypt(b"x") != KEY.encrypt(b"x")


def test_the_bytes_do_not_show_the_text() -> None:
    assert b"Geheimnis" not in KEY.seal("Geheimnis")


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"x", lambda b: bytes([b[0] ^ 1]) + b[1:],
                                    lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b"", lambda b: b[:5], lambda b: b[:12]])
def test_changed_bytes_are_refused_with_a_sentence(change: Any) -> None:
    with pytest.raises(KeyRefused, match="does not open"):
        KEY.decrypt(change(KEY.encrypt(b"text")))


def test_another_key_is_refused() -> None:
    with pytest.raises(KeyRefused):
        DataKey(b"l" * 32).decrypt(KEY.encrypt(b"x"))


def test_a_data_key_is_wrapped_and_opens_only_with_its_master() -> None:
    vault = Vault(b"m" * 32)
    wrapped, key = vault.new_data_key()
    assert vault.open_data_key(wrapped).decrypt(key.encrypt(b"x")) == b"x"
    with pytest.raises(KeyRefused):
        Vault(b"n" * 32).open_data_key(wrapped)


def test_every_data_key_is_another() -> None:
    vault = Vault(b"m" * 32)
    (_, first), (_, second) = vault.new_data_key(), vault.new_data_key()
    with pytest.raises(KeyRefused):
        second.decrypt(first.encrypt(b"x"))


def test_pseudonyms_are_stable_and_differ_by_name_space_value_and_key() -> None:
    vault = Vault(b"m" * 32)
    assert vault.pseudonym("chat/a", "1") == Vault(b"m" * 32).pseudonym("chat/a", "1")
    names = {vault.pseudonym("chat/a", "1"), vault.pseudonym("chat/b", "1"), vault.pseudonym("chat/a", "2"),
             Vault(b"n" * 32).pseudonym("chat/a", "1")}
    assert len(names) == 4 and all(len(name) == 32 for name in names)


def test_the_fingerprint_tells_keys_apart_and_is_not_the_key() -> None:
    assert Vault(b"m" * 32).fingerprint != Vault(b"n" * 32).fingerprint
    assert Vault(b"m" * 32).fingerprint not in base64.b64encode(b"m" * 32).decode()


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_master_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(KeyRefused):
        Vault(b"x" * length)


def test_a_key_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "new" / "master.key"
    vault = create_key_file(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and read_key_file(file).fingerprint == vault.fingerprint
    with pytest.raises(FileExistsError):
        create_key_file(file)


@pytest.mark.parametrize("content", [b"", b"not base64!", b"\xff" * 44, base64.b64encode(os.urandom(31)), b"a b c"])
def test_a_damaged_key_file_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(KeyRefused):
        read_key_file(tmp_path / "key")


def test_a_key_file_that_is_missing_or_a_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="missing"):
        read_key_file(tmp_path / "none")
    with pytest.raises(KeyRefused, match="cannot be read"):
        read_key_file(tmp_path)


def test_white_space_around_the_key_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\n " + base64.b64encode(b"m" * 32) + b" \r\n")
    assert read_key_file(tmp_path / "key").fingerprint == Vault(b"m" * 32).fingerprint
