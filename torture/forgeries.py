"""Tokens that nobody here made: each is wrong in one way and else a right one, signed with our own key where that is not what is wrong."""

import base64
import hashlib
import hmac
import json

from tests.servers import FIXED
from torture.values import known
from users.tests.forging import claims_of, forged
from users.tests.test_tokens import CHANGED, ENDLESS

KEY = FIXED["JWT_SIGNING_KEY"]
NO_TIMES = ["", "soon", "0", "1", str(ENDLESS), f"{ENDLESS}.5", "1e12", "NaN", "Infinity", "٣", "2099-01-01T00:00:00Z", True, False, [],
            [ENDLESS], {}, {"a": 1},
            10**30, -(10**30), 2**63, 1e308, float("nan"), float("inf"), float("-inf")]  # fmt: skip
NO_IDS = ["", " ", "x", "me", "0", "-1", "+1", "1.0", "1e0", "0x1", "01", " 1", "1 ", "1\n", "1\0", "١", "１", "²", "1,2", "null", "true",
          str(2**63), str(10**30), "9" * 500,
          0, -1, 1.5, -0.0, 2**63, 2**64, 10**30, -(10**30), 1e308, float("nan"), float("inf"), True, False, None, [], [1], ["1"], {},
          {"id": 1}]  # fmt: skip
NO_JTIS = ["", "x" * 65, "x" * 2000, 0, 1, -1, 1.5, 10**30, True, None, [], ["a"], {}, {"a": "b"}]
NO_KINDS = [
    "",
    "Access",
    "ACCESS",
    " access",
    "access ",
    "sliding",
    "id",
    "аccess",
    1,
    True,
    None,
    [],
    ["access"],
    ["refresh"],
    {},
    {"access": 1},
]
ALGORITHMS = ["none", "None", "NONE", "nOnE", "", " HS256", "hs256", "HS256 ", "HS1", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256",
              "ES256", "ES256K", "EdDSA",
              "dir", "A128KW", "HMAC", "\0", "x" * 300, None, True, 0, 256, [], ["HS256"], {}, {"a": "HS256"}]  # fmt: skip
HEADERS = [{"crit": ["exp"]}, {"crit": ["b64"]}, {"crit": ["b64"], "b64": False}, {"crit": []}, {"crit": "exp"}, {"crit": None},
           {"crit": [1]}, {"crit": [None]},
           {"crit": ["x"], "x": 1}, {"crit": {}}, {"crit": ["alg"]}, {"b64": False}, {"kid": 1}, {"kid": None}, {"kid": []},
           {"kid": {}}]  # fmt: skip
PAYLOADS = {"no object": b"[]", "a text": b'"x"', "a number": b"1", "null": b"null", "empty": b"", "no JSON": b"{", "NUL": b"\0",
            "not UTF-8": b"\xff\xfe{}", "deep": b"[" * 1400,
            "deeper": b'{"a":' * 2000 + b"1" + b"}" * 2000, "5000 digits": b'{"exp": ' + b"9" * 5000 + b"}",
            "nothing in it": b"{}"}  # fmt: skip
KEYS = {"no key": "", "a short key": "x", "Django's own key": FIXED["SECRET_KEY"], "our key and a line": KEY + "\n",
        "half of our key": KEY[: len(KEY) // 2],
        "our key in capitals": KEY.upper(), "our key in base64": base64.b64encode(KEY.encode()).decode(), "null": "null",
        "NULs": "\0" * 32}  # fmt: skip
DIGESTS = {"HS384": hashlib.sha384, "HS512": hashlib.sha512}
JUNK = ["a", ".", "..", "...", "a.b.c", "a.b.c.d", "a.b.c.d.e", "null", "undefined", "None", "[object Object]", "é", "😀", "токен",
        "x" * 2049, "x" * 7000, "." * 7000,
        "eyJ9.eyJ9.eyJ9", "=.=.=", "e30.e30.", "e30.e30.e30", "AAAA.AAAA.AAAA", "%00", "../../x", "' OR 1=1 --", "{}", '{"alg":"none"}',
        "W10.W10.W10", "bnVsbA.bnVsbA.x"]  # fmt: skip


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def signed(header: object, payload: bytes, key: str = KEY, digest=hashlib.sha256) -> str:
    said = f"{encoded(header if isinstance(header, bytes) else json.dumps(header).encode())}.{encoded(payload)}"
    return f"{said}.{encoded(hmac.digest(key.encode(), said.encode(), digest))}"


def forgeries(good: str, other_kind: str, another: str) -> dict[str, str]:
    """By what is wrong with them; `another` is a good token of somebody else."""
    theirs = claims_of(another)
    return (
        known.bad_tokens(good, other_kind)
        | {what: forged(good, **change) for what, change in CHANGED.items()}
        | {"the session of another": forged(good, sid=theirs["sid"]), "the user of another": forged(good, user_id=theirs["user_id"])}
        | _with_wrong_claims(good)
        | _with_wrong_headers(good)
        | _with_wrong_segments(good, another)
        | {f"junk {number}": junk for number, junk in enumerate(JUNK)}
    )


def _with_wrong_claims(good: str) -> dict[str, str]:
    claims = claims_of(good)
    past = {
        "exp": [0, -1, claims["iat"] - 1, claims["iat"] - 0.5],
        "iat": [ENDLESS, claims["exp"] + 0.5],
        "nbf": [ENDLESS, claims["exp"] + 0.5],
    }
    wrong = {
        **{time: NO_TIMES + past[time] for time in past},
        "user_id": [*NO_IDS, int(claims["user_id"]), float(claims["user_id"]), f"0{claims['user_id']}", [claims["user_id"]]],
        "sid": [*NO_IDS, str(claims["sid"]), float(claims["sid"]), [claims["sid"]]],
        "jti": NO_JTIS, "token_type": NO_KINDS,
    }  # fmt: skip
    found = {
        f"{claim} = {str(value)[:30]!r} ({type(value).__name__})": forged(good, **{claim: value})
        for claim, values in wrong.items()
        for value in values
    }
    return found | {f"{claim} = null": forged(good, **{claim: None}) for claim in claims} | {"exp twice": _twice(good)}


def _twice(good: str) -> str:
    """Of a claim that stands twice the last counts: here an end long ago."""
    return signed({"alg": "HS256", "typ": "JWT"}, json.dumps(claims_of(good))[:-1].encode() + b', "exp": 1}')


def _with_wrong_headers(good: str) -> dict[str, str]:
    payload = json.dumps(claims_of(good)).encode()
    found = {f"algorithm {str(name)[:20]!r}, signed as HS256": signed({"alg": name, "typ": "JWT"}, payload) for name in ALGORITHMS}
    found |= {f"{name}, signed so": signed({"alg": name, "typ": "JWT"}, payload, digest=digest) for name, digest in DIGESTS.items()}
    found |= {
        f"{name}, without a signature": f"{encoded(json.dumps({'alg': name}).encode())}.{encoded(payload)}."
        for name in ("none", "None", "HS256", "RS256", "")
    }
    found |= {f"with {json.dumps(more)}": signed({"alg": "HS256", "typ": "JWT"} | more, payload) for more in HEADERS}
    found |= {f"signed with {what}": signed({"alg": "HS256", "typ": "JWT"}, payload, key) for what, key in KEYS.items()}
    own = {
        "jwk": {"kty": "oct", "k": encoded(b"x" * 32)},
        "jku": "http://127.0.0.1:1/",
        "kid": "../../dev/null",
        "x5u": "http://127.0.0.1:1/",
    }
    found |= {f"a key of one's own in {name}": signed({"alg": "HS256", name: value}, payload, "x" * 32) for name, value in own.items()}
    return found | {f"a header that is {what}": signed(header, payload) for what, header in PAYLOADS.items()}


def _with_wrong_segments(good: str, another: str) -> dict[str, str]:
    head, payload, signature = good.split(".")
    first = "A" if signature[0] != "A" else "B"
    cut = {
        "no signature": f"{head}.{payload}.", "no signature and no dot": f"{head}.{payload}", "only a header": head,
        "no payload": f"{head}..{signature}",
        "no header": f".{payload}.{signature}", "another's signature": f"{head}.{payload}.{another.split('.')[2]}",
        "another's payload": f"{head}.{another.split('.')[1]}.{signature}",
        "a changed signature": f"{head}.{payload}.{first}{signature[1:]}", "a shorter signature": good[:-2],
        "a longer signature": f"{good}AAAA", "another part": f"{good}.{signature}",
        "an empty part more": f"{good}.", "a dot before": f".{good}", "twice": f"{good}{good}",
        "the parts in another order": f"{payload}.{head}.{signature}",
        "in capitals": good.upper(), "in quotes": f'"{good}"', "with a comma": f"{good},", "percent": f"{head}%2e{payload}%2e{signature}",
        "cut short": good[:40],
    }  # fmt: skip
    inside = {f"{mark!r} in the {where}": ".".join(part[:9] + mark + part[9:] if at == place else part for place,
                                                   part in enumerate((head, payload, signature)))
              for mark in ("!", "=", "==", "\t", " ", "é", "*", "\u200b", "+", "/") for at,
              where in enumerate(("header", "payload", "signature"))}  # fmt: skip
    after = {f"{mark!r} at the end": good + mark for mark in ("!", "=", "==", "====", "é", "*", "\u200b", ";", "#")}
    return (
        cut
        | inside
        | after
        | {f"a payload that is {what}": signed({"alg": "HS256", "typ": "JWT"}, bytes_) for what, bytes_ in PAYLOADS.items()}
    )
