"""Keys, boxes and seals, and how numbers and texts are encoded."""

import ctypes
import ctypes.util
import hashlib
import struct
import sys

PURPOSES = 32


class Failure(Exception):
    """What the library calls by a status."""


class AuthError(Failure):
    """VPRIV_E_AUTH: changed, cut, moved or not ours."""


class FormatError(Failure):
    """VPRIV_E_FORMAT."""


class VersionError(Failure):
    """VPRIV_E_VERSION."""


class RollbackError(Failure):
    """VPRIV_E_ROLLBACK."""


class RootError(Failure):
    """VPRIV_E_ROOT."""


class Erased(Failure):
    """VPRIV_E_ERASED: the key is gone."""


class NoConsent(Failure):
    """VPRIV_E_CONSENT: a wrap or a grant key is not there."""


class NoKey(Failure):
    """VPRIV_E_NO_KEY: no keyring holds the secret half."""


def need(condition, error=AuthError, text="does not authenticate"):
    """Go on only if the condition holds."""
    if not condition:
        raise error(text)


# Primitives

sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
if sodium.sodium_init() < 0:
    sys.exit("libsodium did not start")


def aead_open(key, nonce, associated, sealed):
    """XChaCha20-Poly1305-IETF; the tag is the end of `sealed`."""
    need(len(sealed) >= 16 and len(key) == 32 and len(nonce) == 24)
    plain = ctypes.create_string_buffer(len(sealed) - 16 or 1)
    code = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, None, None, sealed, ctypes.c_ulonglong(len(sealed)), associated,
        ctypes.c_ulonglong(len(associated)), nonce, key)
    need(code == 0)
    return plain.raw[:len(sealed) - 16]


def x25519_public(secret):
    """The public half."""
    public = ctypes.create_string_buffer(32)
    need(sodium.crypto_scalarmult_base(public, secret) == 0)
    return public.raw


def box_open(secret, sealed):
    """libsodium's sealed box."""
    need(len(sealed) >= 48)
    plain = ctypes.create_string_buffer(len(sealed) - 48 or 1)
    code = sodium.crypto_box_seal_open(plain, sealed, ctypes.c_ulonglong(len(sealed)),
                                       x25519_public(secret), secret)
    need(code == 0)
    return plain.raw[:len(sealed) - 48]


def ed25519_public(seed):
    """The public half of a seed."""
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
    sodium.crypto_sign_seed_keypair(public, secret, seed)
    return public.raw


def ed25519_holds(public, message, signature):
    """Whether the signature is this key's."""
    return len(signature) == 64 and sodium.crypto_sign_verify_detached(
        signature, message, ctypes.c_ulonglong(len(message)), public) == 0


def blake(data, key=b""):
    """BLAKE2b-256."""
    return hashlib.blake2b(data, digest_size=32, key=key).digest()


def sha256(data):
    """SHA-256."""
    return hashlib.sha256(data).digest()


def derive(key, label, data=b""):
    """One key becomes many."""
    return blake(label.encode() + b"\0" + data, key)


def blind(key, label, data=b""):
    """A blind tag."""
    return derive(key, label, data)[:16]


# Encodings

class Cursor:
    """Takes an encoding apart; too short is `error`."""

    def __init__(self, data, error=AuthError):
        self.data, self.at, self.error = data, 0, error

    def bytes(self, n):
        """n bytes as they are."""
        need(len(self.data) - self.at >= n, self.error, "cut short")
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, letter):
        """A number, little-endian."""
        return struct.unpack("<" + letter, self.bytes(struct.calcsize("<" + letter)))[0]

    def u8(self):
        return self.number("B")

    def u16(self):
        return self.number("H")

    def u32(self):
        return self.number("I")

    def u64(self):
        return self.number("Q")

    def i64(self):
        return self.number("q")

    def text(self, longest=65535):
        """A length and UTF-8."""
        data = self.bytes(self.u16())
        need(len(data) <= longest and b"\0" not in data, self.error, "not a text")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise self.error("not UTF-8") from None

    def count(self, low, high):
        """A u8 within bounds."""
        count = self.u8()
        need(low <= count <= high, self.error, "a count out of bounds")
        return count

    def end(self):
        """Nothing is left."""
        need(self.at == len(self.data), self.error, "bytes too many")

    def zeros(self, step):
        """Zeros up to a multiple of step, and no more than needed."""
        left = self.data[self.at:]
        need(len(self.data) % step == 0 and len(left) < step and not any(left), self.error,
             "wrong padding")


def place(vault_id, column, row, extra=b""):
    """Associated data."""
    return b"vpriv" + struct.pack("<H", 1) + vault_id + struct.pack("<BQ", column,
                                                                    row % 2**64) + extra


def unseal(key, where, sealed):
    """A sealed row."""
    need(sealed is not None and len(sealed) >= 41 and sealed[0] == 1)
    return aead_open(key, sealed[1:25], where, sealed[25:])


def unseal_padded(key, where, sealed):
    """A padded one."""
    plain = unseal(key, where, sealed)
    need(len(plain) >= 4)
    length = struct.unpack_from("<I", plain)[0]
    need(length <= len(plain) - 4 and not any(plain[4 + length:]))
    return plain[4:4 + length]
