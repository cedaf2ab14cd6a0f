"""What hostile requests are made of: values that no field should choke on, headers, methods, paths and parameters.

The tables of tests/test_bad_input.py, where each row has its own expected refusal, and more that may be taken or refused, by field.
"""

import json
import os
from urllib.parse import quote

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorship.settings")
django.setup()  # what the tables are imported from knows the models

from tests import test_bad_input as known  # noqa: E402

LONG, ZALGO = "x" * 200_000, "a" + "\u0301" * 3000
TEXTS = [
    "", " ", "\t", "\n", "\r\n", "null", "undefined", "None", "true", "0", "-0", "NaN", "*" * 8, "me", "alice", "ALICE", "admin", "Ａdmin",
    "' OR 1=1 --", "'; DROP TABLE users_user; --", '" OR ""="', "%s%s%s%n", "{}", "{0.__class__}", "{{7*7}}", "${7*7}",
    "<script>alert(1)</script>",
    "../../../etc/passwd", "..\\..\\x", "file:///etc/passwd", "http://127.0.0.1:1/", "$(id)", "`id`", "| id", "\\", "\\\\", "%00",
    "%c0%80", "\x7f",
    "\x01", "\x1b[31m", "\u0085", "\u00a0", "\u00ad", "\u200b", "\u200d", "\u202e", "\u2028", "\u2029", "\u2066", "\ufeff", "\ufffd",
    "\ufffe", "\uffff",
    "\U0010ffff", "\U000e0001", "😀", "👩‍👩‍👧‍👦", "İ", "ı", "ß", "ſ", "Ω", "K", "ﬀ", "ŉ", "ǰ", "ΐ", "ﷺ", "ﷺ" * 18, "ﷺ" * 2000, "가" * 150,
    ZALGO, "٣", "३",
    "x" * 64, "x" * 65, "x" * 150, "x" * 151, "x" * 254, "x" * 255, "x" * 256, "x" * 1024, "x" * 1025, "x" * 2048, "x" * 2049, "x" * 5001,
    LONG,
    "é" * 100_000, "😀" * 50_000, "a@b", "a@b.c", "a@example.com", "A@EXAMPLE.COM", '"a b"@example.com', "a@[127.0.0.1]",
    "a@münchen.example",
    "a@xn--mnchen-3ya.example", "a@example.com\nBcc: b@example.com", "a@example.com, b@example.com", "<a@example.com>",
    "x" * 64 + "@example.com",
    "a@" + "x" * 245 + ".com", "a+b@example.com", "+79990001122", "+7 (999) 000-11-22", "89990001122", "+", "00000", "1" * 15, "1" * 16,
    "+1" + "0" * 63,
    "(((((12345)))))", "+7999000112٢", "12345;ext=9", "tel:+79990001122", "000000", "123456", "１２３４５６", "12 34 56",
    "ABC123", "abc123",
    "QQQQQQ",
    "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30.", "MQ", "MQ==", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk", "____", "-", "AAAA" * 500, "1", "-1",
    "1e5", "1.999", ".5",
    "5.", "00.10", "99999999.99", "100000000", "1_000", "1,50", "0x10", "Infinity", "-0.00", "１.00", "9" * 5000, "1" + "0" * 1000,
    "1e999999999",
]  # fmt: skip
NUMBERS = ["0", "-0", "1", "-1", "0.1", "-0.01", "1.999", "29.99", "2147483647", "2147483648", "4294967296", str(2**53 + 1),
           str(2**63 - 1), str(2**63),
           str(2**64), str(10**30), str(-(10**30)), "1e2", "1E+2", "1e-7", "1e-400", "1e308", "99999999.99", "100000000",
           "0.1000000000000000055",
           "01", "+1", ".5", "1.", "0x10", "1_000", "٣", "-", "1e", "5.0"]  # fmt: skip
LISTS = ["[1]", "[0]", "[-1]", "[1, 1]", "[1.0, 1]", "[1.5]", '["1"]', "[null]", "[true]", "[[]]", "[{}]", f"[{2**63}]", f"[{2**63 - 1}]",
         f"[{10**30}]",
         json.dumps(list(range(1, 102))), json.dumps([1] * 5000), json.dumps(list(range(10**9, 10**9 + 20_000))), '["alice"]', "[1,]",
         "[1"]  # fmt: skip
OBJECTS = [
    '{"id": 1}',
    '{"$ne": null}',
    '{"__proto__": {}}',
    '{"": ""}',
    '{"a": {"b": {"c": []}}}',
    "null",
    "true",
    "false",
    "nul",
    "True",
    "None",
]
# For any field, as JSON text.
VALUES = list(
    dict.fromkeys([*known.NEVER, *known.NO_TRUTH, *map(json.dumps, known.NAMES), *map(json.dumps, TEXTS), *NUMBERS, *LISTS, *OBJECTS])
)

ENCODINGS = ["utf-16", "utf-16-le", "utf-32", "utf-7", "utf-8-sig", "cp1251", "koi8-r", "cp037"]  # in which a body is not to be sent
MEDIA_TYPES = [*known.MEDIA_TYPES, "application/json; charset=utf-16", "application/json; charset=nonsense", "application/json;",
               "APPLICATION/JSON",
               "application/json, text/html", "application/json; boundary=x", "application/vnd.api+json", "application/merge-patch+json",
               "application/json\x00", "text/json", "application/octet-stream", "x" * 5000,
               "application/json; a=" + "b" * 5000]  # fmt: skip

_ODD = ["", " ", ",", ";", "=", '"', "é", "\xff\xfe", "\x01", "x" * 8000, "😀", "null", "%00", "../../x", "<b>", "'", "1" * 400, "-1", "*"]
_BY_HEADER = {
    "Accept": ["text/html", "text/html;q=1, */*;q=0", "application/xml", "application/json;q=0", "*/*;q=nonsense",
               "application/json; indent=" + "9" * 9,
               "application/json;" * 900, "/"],
    "Accept-Language": ["ru", "xx", "ru-" * 2000, "en;q=nonsense", "en;q=-1", "zh-Hant-CN-x-" + "a" * 500, "*;q=0", "en_US.UTF-8",
                        "c" * 501],
    "Accept-Encoding": ["gzip", "br;q=1", "identity;q=0", "*;q=0", "gzip, " * 2000, "compress, x"],
    "Accept-Charset": ["utf-7", "*;q=0"],
    "Authorization": ["Bearer", "Bearer ", "bearer a b", "Bearer ..", "Bearer a.b.c", "Bearer " + "x" * 7000, "Basic YTpi", "Basic",
                      "Digest a=b", "Token x",
                      "Bearer é", "Bearer \xff.\xff.\xff", "Bearer null", "Negotiate YII=", "Bearer\tx", "Bearer eyJhbGciOiJub25lIn0.e30."],
    "Content-Encoding": ["gzip", "deflate", "br", "identity", "x"],
    "Content-Language": ["xx"], "Content-Range": ["bytes 0-1/2", "bytes */*"], "Content-MD5": ["x"],
    "Content-Disposition": ['attachment; filename="../x"'],
    "Cookie": ["sessionid=x", "sessionid=" + "x" * 7000, "csrftoken=x; sessionid=y", "a", "=", "; ; ;", "messages=W10:x",
               "django_language=../x", "a=b; " * 900],
    "Expect": ["nonsense"], "From": ["a@example.com"], "Forwarded": ["for=1.2.3.4;proto=https;host=evil.example"],
    "Host": ["evil.example", "127.0.0.1:1", "127.0.0.1:99999", "127.0.0.1.", "127.0.0.1, evil.example", "127.0.0.1/x", "[::1]", "[",
             "127.0.0.1@evil.example",
             "localhost", ".", "127.0.0.1:", "127.0.0.1:x"],
    "If-Match": ["*", '"x"', "W/"], "If-None-Match": ["*", '"x"', "W/"],
    "If-Modified-Since": ["Thu, 01 Jan 1970 00:00:00 GMT", "soon", "Mon, 99 Foo 99999"],
    "If-Unmodified-Since": ["Thu, 01 Jan 1970 00:00:00 GMT"], "If-Range": ["x"], "Max-Forwards": ["-1"],
    "Origin": ["null", "https://evil.example", "file://"], "Access-Control-Request-Method": ["PUT", "BREW"],
    "Prefer": ["respond-async"], "Range": ["bytes=0-", "bytes=-1", "bytes=9-1", "bytes=" + "0-1," * 1500, "x=1"],
    "Referer": ["https://evil.example/", "x" * 8000], "TE": ["trailers", "gzip"], "Upgrade": ["h2c", "websocket"],
    "Upgrade-Insecure-Requests": ["1"],
    "User-Agent": ["", "x" * 8000, "() { :; }; echo", "\x01\x02", "\xff", "${jndi:ldap://127.0.0.1/a}", "Иван".encode().decode("latin-1")],
    "X-CSRFToken": ["x"],
    "X-Forwarded-For": ["evil", "1.2.3.4, 5.6.7.8", "::1", "fe80::1%eth0", "::ffff:1.2.3.4", "999.1.1.1", "1.2.3.4:80", ", " * 2000],
    "X-Forwarded-Host": ["evil.example"], "X-Forwarded-Port": ["x"], "X-Forwarded-Proto": ["https", "ftp"],
    "X-HTTP-Method-Override": ["DELETE", "GET"],
    "X-HTTP-Method": ["DELETE"], "X-Method-Override": ["PUT"], "X-Original-URL": ["/admin/"], "X-Rewrite-URL": ["/admin/"],
    "X-Requested-With": ["XMLHttpRequest"],
    "X-Real-IP": ["1.2.3.4"], "X-Script-Name": ["/x"], "Script-Name": ["/x"], "Script_Name": ["/x"], "Remote-User": ["admin"],
    "Proxy": ["http://127.0.0.1:1"],
    "X" * 300: ["y"], "x_y": ["z"], "Connection": ["close", "Content-Type, Authorization", "upgrade", "x"], "Keep-Alive": ["timeout=x"],
}  # fmt: skip
HEADERS = [(name, value) for name, own in _BY_HEADER.items() for value in [*own, *_ODD]]
HEADERS += [("Content-Type", value) for value in MEDIA_TYPES]

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "PROPFIND", "MKCOL", "LOCK", "PURGE",
           "SEARCH", "LINK",
           "QUERY", "M-SEARCH", "get", "Post", "pAtCh", "GETT", "_", "X" * 100, "X" * 7000, "GET!", "$", "0", "DEBUG", "TRACK"]  # fmt: skip
BODIES = list(known.BODIES.values())
# In place of an id or a name in a path, as it stands in the URL.
SEGMENTS = list(dict.fromkeys([
    *(quote(name, safe="") for name in [*known.NOBODY, *known.NO_IDS, *known.NAMES, *TEXTS] if len(name) < 9000),
    "%ff", "%ed%a0%80", "%c0%80", "%", "%2", "%zz", "%%", "%25", "%2f", "%2F..%2F", "%2e", "%2e%2e", "..%00", "%5c", "%3f", "%23", "%20",
    "+", "%u0041", "me%00",
    "me/", "me/me", "me//", "me/.", "me/..", "me;x=1", "me.json", "me,1", "1,2", "[1]", "{x}", "(1)", "1:2", "@", "!", "$", "~", "*",
    "admin", "ME", "Me",
    "mentees", "invite", "99999999", "1%0a", "%0d%0aX:%20y", "%e2%80%ae", "%f0%9f%98%80", "0" * 300, "1" * 19,
]))  # fmt: skip
# How a whole path is spoilt, {} being it without its slash at the end.
PATHS = ["{}//", "/{}", "/.{}", "{}/.", "{}/..", "{}/../..", "{}/%2e%2e/", "{}.json", "{}.html", "{}/.json", "{};a=b", "{}%20", "{}%00",
         "{}%0a", "{}\\", "{}/x", "{}/x/y/z",
         "{}/*", "{}/%", "{}/%ff", "{}?", "{}??", "{}?#", "/x{}", "{0}{0}", "{}/admin", "{}/favicon.ico", "{}/%3Fa=b", "{}/" + "x" * 5000,
         "{}" + "/" * 3000,
         "{}" + "/a" * 2000, "{}/~", "{}/%EF%BC%8F", "{}/..;/", "{}/index.php", "{}:80"]  # fmt: skip
PARAMETERS = [
    "after",
    "before",
    "page_size",
    "page",
    "search",
    "mentor",
    "format",
    "limit",
    "offset",
    "cursor",
    "ordering",
    "_method",
    "callback",
    "lang",
    "x",
]
QUERIES = [quote(text, safe="") for text in [*TEXTS, *known.NO_IDS, *NUMBERS] if len(text) < 6000] + [
    "%ff", "%ed%a0%80", "%c0%80", "%", "%2", "%zz", "+", "%2B1", "1&{0}=2", "1&{0}=", "&{0}[]=1", "1;{0}=2", "1%26{0}=2", "[]", "{{}}",
    "true", "false", "1,2", "&" * 2000,
    "1" + "&{0}=1" * 1500, "=", "==", "#", "%23", "-id", "name", "price,-id", "id;%20DROP", "?", "/", "\\", "%0d%0a", "%e2%80%ae",
]  # fmt: skip
