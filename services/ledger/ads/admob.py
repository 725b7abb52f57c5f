"""AdMob's word on a rewarded ad: server-side verification.

https://developers.google.com/admob/android/ssv. Google signs the query string (ECDSA over P-256 with SHA-256, DER,
url-safe base64) and appends `signature` and `key_id`; what is signed is the raw text before them. It calls again when
it is not answered 200. Google signs for every customer of AdMob, so the ad unit must be one of ours.
"""

import asyncio
import base64
import binascii
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

import httpx
from cryptography.exceptions import InvalidSignature as WrongSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from contracts.errors import ServiceError
from kernel.logging import log

KEYS_LIVE_S = 24 * 3600.0
REFETCH_FLOOR_S = 300.0
"""For keys that are not known: anyone can make them up."""
OUTAGE_PAUSE_S = 1.0
LONGEST_QUERY = 8192
SIGNATURE_MARK = "&signature="
MAX_ID_DIGITS = 15

Keys = dict[str, ec.EllipticCurvePublicKey]


class InvalidSignature(ServiceError):
    def __init__(self) -> None:
        super().__init__("INVALID_SIGNATURE", "The signature is not right.")


class KeysAway(ServiceError):
    def __init__(self) -> None:
        super().__init__("SERVICE_UNAVAILABLE", "The keys of the ad network cannot be had right now. Please try again.")


@dataclass(frozen=True, slots=True)
class Shown:
    """An ad that was watched to its end. `user_id`: whom the app named to the SDK; 0 for what is no id of ours."""

    transaction_id: str
    token: str
    user_id: int | None


class AdmobKeys:
    """Google's public keys, kept for a day. `timeout_s`: in seconds, for all of an answer."""

    def __init__(self, url: str, *, timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._clock = clock
        self._keys: Keys = {}
        self._good_until = 0.0
        self._refetch_at = 0.0
        self._asking = asyncio.Lock()

    async def get(self, key_id: str) -> ec.EllipticCurvePublicKey:
        """Errors: INVALID_SIGNATURE for a key that is not Google's, SERVICE_UNAVAILABLE."""
        async with self._asking:
            now = self._clock()
            is_old = now >= self._good_until
            if (is_old or key_id not in self._keys) and now >= self._refetch_at:
                await self._refetch()
            elif is_old:
                raise KeysAway
        if key_id not in self._keys:
            raise InvalidSignature
        return self._keys[key_id]

    async def _refetch(self) -> None:
        now = self._clock()
        self._refetch_at = now + OUTAGE_PAUSE_S
        try:
            # The client first: making one takes long on a busy machine, and is no fault of AdMob's.
            async with httpx.AsyncClient(timeout=self._timeout_s) as client, asyncio.timeout(self._timeout_s):
                answer = await client.get(self._url)
            answer.raise_for_status()
            found = _keys(answer.content)
        except (httpx.HTTPError, TimeoutError, ValueError, KeyError, TypeError) as error:
            log.warning("admob's keys could not be had", error=type(error).__name__)
            raise KeysAway from None
        self._keys, self._good_until, self._refetch_at = found, now + KEYS_LIVE_S, now + REFETCH_FLOOR_S


def _keys(body: bytes) -> Keys:
    found: Keys = {}
    for item in json.loads(body)["keys"]:
        key = load_pem_public_key(item["pem"].encode())
        if isinstance(key, ec.EllipticCurvePublicKey):
            found[str(item["keyId"])] = key
    if not found:
        raise ValueError("no keys")
    return found


class Admob:
    """`ad_units`: ours, as the console shows them (`ca-app-pub-…/1234567890`) or by their last number."""

    name = "admob"

    def __init__(self, keys: AdmobKeys, ad_units: tuple[str, ...]) -> None:
        self._keys = keys
        self._ad_units = {unit.rpartition("/")[2] for unit in ad_units}

    async def shown(self, query: str) -> Shown | None:
        """What the raw query string proves; None for an ad that is not ours. Errors: INVALID_SIGNATURE,
        SERVICE_UNAVAILABLE.
        """
        signed, mark, rest = query.partition(SIGNATURE_MARK)
        ends = dict(parse_qsl(f"signature={rest}", keep_blank_values=True))
        if not mark or set(ends) != {"signature", "key_id"} or len(query) > LONGEST_QUERY or not query.isascii():
            raise InvalidSignature
        key = await self._keys.get(ends["key_id"])
        _verify(key, signed, ends["signature"])
        return self._read(signed)

    def _read(self, signed: str) -> Shown | None:
        pairs = parse_qsl(signed)
        told = dict(pairs)
        if len(told) != len(pairs) or not told.get("transaction_id"):
            raise InvalidSignature
        if told.get("ad_unit") not in self._ad_units:
            log.warning("an ad unit that is not ours was called back", ad_unit=told.get("ad_unit", "")[:40])
            return None
        transaction_id = told["transaction_id"]
        return Shown(transaction_id, told.get("custom_data") or transaction_id, _user(told.get("user_id")))


def _verify(key: ec.EllipticCurvePublicKey, signed: str, signature: str) -> None:
    try:
        raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        key.verify(raw, signed.encode(), ec.ECDSA(hashes.SHA256()))
    except (WrongSignature, binascii.Error, ValueError):
        raise InvalidSignature from None


def _user(text: str | None) -> int | None:
    if text is None:
        return None
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= MAX_ID_DIGITS else 0
