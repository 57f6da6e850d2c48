"""The session and its MAC: published vectors, a base string written by hand, and every way to be wrong."""

import base64
import hashlib
import hmac

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from protocols.session import (
    SKEW_SECONDS_MAX,
    SessionAnswer,
    SessionError,
    SessionRequest,
    content_digest,
    read_signature,
    session_key,
    sign_request,
    sign_session_answer,
    sign_session_request,
    verify_request,
    verify_session_answer,
    verify_session_request,
)

KEY = bytes(range(32))
TERMINAL = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
BROKER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
NOW = 1_776_387_600
BODY = b'{"amount":15390}'


# --- Published vectors ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "digest"),
    [
        (b'{"hello": "world"}', "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="),
        (b'{"hello": "world"}\n', "RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg="),
        (b"", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
    ],
)
def test_content_digest_is_that_of_the_rfcs(body: bytes, digest: str) -> None:
    """RFC 9421 2.4 and RFC 9530 appendix B; the empty body's is SHA-256 of nothing."""
    assert content_digest(body) == f"sha-256=:{digest}:"


def test_ed25519_is_that_of_rfc_8032() -> None:
    """RFC 8032 7.1, test 1: the library below our signatures is the algorithm that we name."""
    key = Ed25519PrivateKey.from_private_bytes(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    assert key.public_key().public_bytes_raw().hex() == (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )
    assert key.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )


def test_x25519_is_that_of_rfc_7748_and_both_sides_make_one_key() -> None:
    """RFC 7748 6.1: Alice's and Bob's keys, their shared secret, through our own key derivation."""
    alice = X25519PrivateKey.from_private_bytes(
        bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    )
    bob = X25519PrivateKey.from_private_bytes(
        bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    )
    assert alice.public_key().public_bytes_raw().hex() == (
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    )
    secret = bytes.fromhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")

    made = session_key(alice, bob.public_key().public_bytes_raw(), "s1")

    assert made == session_key(bob, alice.public_key().public_bytes_raw(), "s1")
    assert made == hkdf(secret, b"intermarket session mac|s1", 32)
    assert made != session_key(alice, bob.public_key().public_bytes_raw(), "s2")


def hkdf(secret: bytes, info: bytes, length: int) -> bytes:
    """Derive as RFC 5869 writes it, with nothing but HMAC; no salt."""
    key = hmac.digest(bytes(32), secret, "sha256")
    made, block = b"", b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac.digest(key, block + info + bytes([number]), "sha256")
        made += block
    return made[:length]


def test_our_second_hkdf_is_that_of_rfc_5869() -> None:
    """RFC 5869 A.3 (no salt, no info): the oracle of the test above is itself right."""
    expected = (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )
    assert hkdf(b"\x0b" * 22, b"", 42).hex() == expected


# --- The request ---------------------------------------------------------------------------------


def signed(**changed: object) -> dict[str, str]:
    """Return the headers of a request."""
    arguments: dict[str, object] = {
        "method": "POST",
        "path": "/v1/payments",
        "authority": "broker.test:8443",
        "body": BODY,
        "key": KEY,
        "key_id": "01.a1",
        "created": NOW,
        "nonce": "n-0_12345",
    }
    return sign_request(**{**arguments, **changed})  # type: ignore[arg-type]


def check(headers: dict[str, str], **changed: object) -> None:
    """Verify as a server does. Raises: SessionError."""
    arguments: dict[str, object] = {
        "method": "POST",
        "path": "/v1/payments",
        "query": "",
        "authority": "broker.test:8443",
        "body": BODY,
        "key": KEY,
        "now_seconds": NOW,
    }
    verify_request(read_signature(headers), **{**arguments, **changed})  # type: ignore[arg-type]


def test_base_string_is_that_of_rfc_9421_written_by_hand() -> None:
    """RFC 9421 2.5: one line a component, the parameters last, no line end at the end."""
    digest = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
    parameters = (
        '("@method" "@path" "@authority" "content-digest");created=1776387600;nonce="n-0_12345";'
        'keyid="01.a1";alg="hmac-sha256"'
    )
    base = (
        '"@method": POST\n'
        '"@path": /v1/payments\n'
        '"@authority": broker.test:8443\n'
        f'"content-digest": sha-256=:{digest}:\n'
        f'"@signature-params": {parameters}'
    )
    mac = base64.b64encode(hmac.new(KEY, base.encode(), hashlib.sha256).digest()).decode()

    assert signed() == {
        "content-digest": f"sha-256=:{digest}:",
        "signature-input": f"ips={parameters}",
        "signature": f"ips=:{mac}:",
    }


def by_hand(components: str, *lines: str) -> dict[str, str]:
    """Return the headers of a GET without a body whose base string was written by hand."""
    digest = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
    parameters = (
        f'({components});created=1776387600;nonce="n-0_12345";keyid="01.a1";alg="hmac-sha256"'
    )
    base = "\n".join([*lines, f'"content-digest": {digest}', f'"@signature-params": {parameters}'])
    mac = base64.b64encode(hmac.new(KEY, base.encode(), hashlib.sha256).digest()).decode()
    return {
        "content-digest": digest,
        "signature-input": f"ips={parameters}",
        "signature": f"ips=:{mac}:",
    }


ASKED = "param=value&foo=bar&baz=batman"
"""The query of RFC 9421 2.2.7."""
GET = {"method": "GET", "path": "/v1/inquiries/settled", "body": b"", "authority": "broker.test"}


def test_query_is_covered_as_rfc_9421_writes_it() -> None:
    """RFC 9421 2.2.7: the whole query with its question mark, as it stands in the request."""
    expected = by_hand(
        '"@method" "@path" "@query" "@authority" "content-digest"',
        '"@method": GET',
        '"@path": /v1/inquiries/settled',
        '"@query": ?param=value&foo=bar&baz=batman',
        '"@authority": broker.test',
    )

    assert signed(**GET, query=ASKED) == expected
    check(expected, **GET, query=ASKED)


def test_a_signer_that_always_covers_the_query_writes_a_lone_question_mark() -> None:
    """RFC 9421 2.2.7: an absent query has the value "?"; such a signer is understood as well."""
    headers = by_hand(
        '"@method" "@path" "@query" "@authority" "content-digest"',
        '"@method": GET',
        '"@path": /v1/inquiries/settled',
        '"@query": ?',
        '"@authority": broker.test',
    )

    check(headers, **GET)
    with pytest.raises(SessionError, match="MAC"):
        check(headers, **GET, query=ASKED)


def test_a_request_without_a_query_is_signed_as_before() -> None:
    """A till of this version and a broker of the one before understand each other, and the other way."""
    assert "@query" not in signed(**GET)["signature-input"]


@pytest.mark.parametrize("query", ["param=value", ASKED + "&", ASKED.upper(), "", "after=x"])
def test_a_query_changed_on_the_way_is_refused(query: str) -> None:
    """Which page, which shop, how many rows: whoever changes it is found out."""
    with pytest.raises(SessionError, match="MAC"):
        check(signed(**GET, query=ASKED), **GET, query=query)


def test_a_query_added_to_a_request_without_one_is_refused() -> None:
    """It would not be covered: refused before the MAC is looked at."""
    with pytest.raises(SessionError, match="query is not covered"):
        check(signed(**GET), **GET, query="after=x")


def test_a_query_that_is_no_longer_covered_is_refused() -> None:
    """Taking the component out of the list breaks the MAC even when the query goes too."""
    headers = signed(**GET, query=ASKED)
    headers["signature-input"] = headers["signature-input"].replace('"@query" ', "")

    with pytest.raises(SessionError, match="MAC"):
        check(headers, **GET)


@given(
    st.sampled_from(["GET", "POST", "get"]),
    st.text("abc/-._0", min_size=1, max_size=20),
    st.text("abc=&%20/?é", max_size=20),
    st.binary(max_size=99),
    st.integers(0, 10**12 - 1),
)
def test_request_is_verified_as_it_was_signed(
    method: str, path: str, query: str, body: bytes, at: int
) -> None:
    """Pair test; a method's and an authority's case do not matter."""
    headers = signed(
        method=method, path=path, query=query, body=body, created=at, authority="Broker.TEST"
    )
    check(
        headers,
        method=method.upper(),
        path=path,
        query=query,
        body=body,
        now_seconds=at,
        authority="broker.test",
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"method": "GET"}, "MAC"),
        ({"path": "/v1/refunds"}, "MAC"),
        ({"authority": "other.test"}, "MAC"),
        ({"key": bytes(32)}, "MAC"),
        ({"body": BODY + b" "}, "content-digest"),
        ({"body": b""}, "content-digest"),
    ],
)
def test_request_moved_to_another_place_is_refused(changed: dict[str, object], said: str) -> None:
    """Method, path, host, key and body are all bound; a digest is checked, not only carried."""
    with pytest.raises(SessionError, match=said):
        check(signed(), **changed)


@pytest.mark.parametrize("away", [SKEW_SECONDS_MAX, -SKEW_SECONDS_MAX])
def test_age_is_a_minute_either_way(away: int) -> None:
    """Exactly a minute passes, one second more does not."""
    check(signed(), now_seconds=NOW + away)
    with pytest.raises(SessionError, match="away"):
        check(signed(), now_seconds=NOW + away + (1 if away > 0 else -1))


def test_replayed_request_shows_the_same_nonce() -> None:
    """What a server takes once: signed, so it cannot be changed on the way."""
    headers = signed()
    assert read_signature(headers).nonce == read_signature(headers).nonce == "n-0_12345"
    fresh = {**headers, "signature-input": headers["signature-input"].replace("n-0_1", "n-0_2")}
    assert read_signature(fresh).nonce == "n-0_22345"
    with pytest.raises(SessionError, match="MAC"):
        check(fresh)


@pytest.mark.parametrize("name", ["content-digest", "signature-input", "signature"])
def test_missing_header_is_named(name: str) -> None:
    """None is optional."""
    headers = signed()
    del headers[name]
    with pytest.raises(SessionError, match=name):
        check(headers)


@pytest.mark.parametrize("name", ["content-digest", "signature-input", "signature"])
def test_flipped_character_at_every_position_of_every_header_is_refused(name: str) -> None:
    """Also to characters that are not ASCII, which a server's latin-1 may bring."""
    headers = signed()
    text = headers[name]
    for place in range(len(text)):
        for other in ("A", "B", '"', "\xe9", "\ud55c", ""):
            wrong = text[:place] + other + text[place + 1 :]
            if wrong != text and not _same_base64(name, wrong, text):
                with pytest.raises(SessionError):
                    check({**headers, name: wrong})


def _same_base64(name: str, one: str, other: str) -> bool:
    """The last character of base64 has bits that mean nothing."""
    if name != "signature":
        return False
    try:
        return base64.b64decode(one[5:-1], validate=True) == base64.b64decode(other[5:-1])
    except ValueError:
        return False


@given(st.text(max_size=80), st.text(max_size=200), st.text(max_size=80))
def test_garbage_in_the_headers_is_a_session_error(digest: str, given_: str, mac: str) -> None:
    """Never another exception, whatever a stranger sends."""
    good = signed()
    for headers in (
        {"content-digest": digest, "signature-input": given_, "signature": mac},
        {**good, "content-digest": digest},
        {**good, "signature": f"ips=:{mac}:"},
        {**good, "signature-input": given_},
    ):
        with pytest.raises(SessionError):
            check(headers)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"@path" ', ""),
        ('"@method" "@path"', '"@path" "@method"'),
        (";created=1776387600", ""),
        ('alg="hmac-sha256"', 'alg="none"'),
        ("ips=", "sig1="),
        ("created=1776387600", "created=-1"),
        ("created=1776387600", "created=" + "9" * 13),
        ("created=1776387600", "created=\u0661"),
        ('"n-0_12345"', '"short"'),
    ],
)
def test_another_profile_is_refused_before_any_key_is_looked_up(old: str, new: str) -> None:
    """Fewer components, another order, another algorithm: one fixed profile is all there is."""
    headers = signed()
    assert old in headers["signature-input"]
    headers["signature-input"] = headers["signature-input"].replace(old, new)
    with pytest.raises(SessionError, match="not of this profile"):
        read_signature(headers)


# --- Opening a session ---------------------------------------------------------------------------


def request() -> SessionRequest:
    """Return what opens a session."""
    return sign_session_request(
        terminal="01", epoch=1, exchange=bytes(range(32)), created=NOW, key=TERMINAL
    )


def answer() -> SessionAnswer:
    """Return the broker's half."""
    return sign_session_answer(
        key_id="01.a1",
        exchange=bytes(range(1, 33)),
        theirs=bytes(range(32)),
        expires_ns=NOW + 1,
        server_time_ns=NOW,
        key=BROKER,
    )


def test_both_halves_are_verified_as_signed() -> None:
    """Pair test, also through JSON."""
    sent = msgspec.json.decode(msgspec.json.encode(request()), type=SessionRequest)
    verify_session_request(sent, TERMINAL.public_key())
    told = msgspec.json.decode(msgspec.json.encode(answer()), type=SessionAnswer)
    verify_session_answer(told, mine=bytes(range(32)), key=BROKER.public_key())


@pytest.mark.parametrize(
    "changed",
    [{"terminal": "02"}, {"epoch": 2}, {"exchange": bytes(32)}, {"created": 0}, {"signature": b""}],
)
def test_every_field_of_the_request_is_signed(changed: dict[str, object]) -> None:
    """None can be exchanged on the way."""
    with pytest.raises(SessionError):
        verify_session_request(msgspec.structs.replace(request(), **changed), TERMINAL.public_key())


@pytest.mark.parametrize(
    "changed",
    [
        {"key_id": "x"},
        {"exchange": bytes(32)},
        {"expires_ns": 0},
        {"server_time_ns": 0},
        {"signature": bytes(64)},
    ],
)
def test_every_field_of_the_answer_is_signed(changed: dict[str, object]) -> None:
    """The server's time too: a till sets its requests' age by it."""
    with pytest.raises(SessionError):
        verify_session_answer(
            msgspec.structs.replace(answer(), **changed),
            mine=bytes(range(32)),
            key=BROKER.public_key(),
        )


def test_answer_to_somebody_elses_exchange_is_refused() -> None:
    """It is bound to the half that we sent."""
    with pytest.raises(SessionError):
        verify_session_answer(answer(), mine=bytes(32), key=BROKER.public_key())


@pytest.mark.parametrize("theirs", [b"", b"short", bytes(32), bytes(33)])
def test_key_that_is_none_is_a_session_error(theirs: bytes) -> None:
    """Wrong lengths, and the point of small order that makes a secret of zeros (RFC 7748 6.1)."""
    with pytest.raises(SessionError):
        session_key(X25519PrivateKey.from_private_bytes(KEY), theirs, "s1")
