"""Personal numbers at rest: AES-256-GCM for reading back, a keyed hash for finding again.

A stored value is: length of the key's name, the name, a nonce of 12 bytes, the ciphertext with its
tag. The context (which field it belongs to) is authenticated but not stored, so that a value moved
to another column does not open.
"""

import hmac
import os
from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_NONCE_BYTES = 12


class DecryptionError(ValueError):
    """The value was made under a key that is not known, for another field, or has been changed."""


def encrypt(text: str, context: str) -> bytes:
    """Encrypt under the newest key."""
    return encrypting(context)(text)


def encrypting(context: str) -> Callable[[str], bytes]:
    """`encrypt` for many values: what is the same of all is looked up once."""
    key_id = list(settings.FIELD_KEYS)[-1]
    header = bytes([len(key_id)]) + key_id.encode("ascii")
    seal, bound = _cipher(key_id).encrypt, header + context.encode()

    def encrypted(text: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return header + nonce + seal(nonce, text.encode(), bound)

    return encrypted


def decrypt(value: bytes, context: str) -> str:
    """Raise DecryptionError rather than answer something else than what was encrypted."""
    split = 1 + value[0] if value else 0
    header, nonce, body = (
        value[:split],
        value[split : split + _NONCE_BYTES],
        value[split + _NONCE_BYTES :],
    )
    try:
        cipher = _cipher(header[1:].decode("ascii"))
        return cipher.decrypt(nonce, body, header + context.encode()).decode()
    except (InvalidTag, KeyError, ValueError) as error:
        raise DecryptionError(f"cannot decrypt a value of {context}") from error


def key_id_of(value: bytes) -> str:
    """Which key a stored value needs; for changing keys."""
    return value[1 : 1 + value[0]].decode("ascii")


def blind_index(text: str, context: str) -> bytes:
    """The same 32 bytes for the same text and context; without the key no guess can be tried."""
    return hmac.digest(settings.INDEX_KEY, f"{context}\0{text}".encode(), "sha256")


def _cipher(key_id: str) -> AESGCM:
    return _cipher_of(settings.FIELD_KEYS[key_id])


@lru_cache(maxsize=16)
def _cipher_of(key: bytes) -> AESGCM:
    return AESGCM(key)
