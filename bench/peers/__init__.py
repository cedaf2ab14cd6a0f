"""What a user would pick instead: FastAPI, on the same PostgreSQL tables and Redis as our service.

/api/…      the idiomatic one: SQLAlchemy's async ORM, pydantic models, the caller's row read on each request, pwdlib's defaults.
/tuned/…    what a careful user could reach: one statement on raw asyncpg, no ORM, the caller's row not read, rendered list in Redis.
/checked/…  the tuned one that asks what the service asks on each request: is the caller active, is the session alive, is the limit kept.

How far FastAPI can be driven beyond that is in bench/pushed.py.

In favour of all the peers: contacts are hidden from nobody, kept pages go stale, nothing is logged or translated, no mail is written
down, a name, password or phone is not judged, a login opens no session, only /checked asks or writes a session, and a refresh does
not ask whether its token was revoked.

Environment: PEER_DSN (postgresql://user:password@host:port/name, migrated and populated by the service), PEER_REDIS (redis://…),
PEER_KEY (the service's JWT_SIGNING_KEY), PEER_LIMIT (requests a minute and caller; else 1 000 000 000).
Run: uvicorn bench.peers:app --workers 2 --no-access-log
"""

from fastapi import FastAPI

from bench.peers import checked, idiomatic, stores, tuned

app = FastAPI(openapi_url=None, lifespan=stores.lifespan)
for family in (idiomatic, tuned, checked):
    app.include_router(family.router)
