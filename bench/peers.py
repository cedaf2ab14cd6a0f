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

import os
import secrets
import string
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import asyncpg
import jwt
import orjson
import redis.asyncio as aioredis
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pwdlib import PasswordHash
from pydantic import BaseModel, Field
from sqlalchemy import ARRAY, DateTime, ForeignKey, Text, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, column_property, joinedload, mapped_column, relationship, undefer

DSN, KEY = os.environ["PEER_DSN"], os.environ["PEER_KEY"]
LIMIT = int(os.environ.get("PEER_LIMIT", "1000000000"))
REDIS = aioredis.from_url(os.environ["PEER_REDIS"])
PAGE, MENTEES_SHOWN = 100, 100
# No more than the pool holds: a connection that is opened for one request costs more than to wait for one.
engine = create_async_engine(DSN.replace("postgresql://", "postgresql+asyncpg://"), pool_size=8, max_overflow=0)
Session = async_sessionmaker(engine, expire_on_commit=False)
pool: asyncpg.Pool  # from lifespan() on


@asynccontextmanager
async def lifespan(_app: FastAPI):
    global pool
    async with asyncpg.create_pool(DSN, min_size=2, max_size=8) as pool:
        yield


app = FastAPI(openapi_url=None, lifespan=lifespan)
bearer = HTTPBearer()
hasher = PasswordHash.recommended()


# The idiomatic one


class Base(DeclarativeBase):
    pass


def invite_code() -> str:
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(6))


class User(Base):
    __tablename__ = "users_user"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    is_mentor: Mapped[bool] = mapped_column(default=False)
    phone: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    is_active: Mapped[bool] = mapped_column(default=True)
    mentees_count: Mapped[int] = mapped_column(default=0)
    mentor_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id"))
    mentor: Mapped["User | None"] = relationship(remote_side=[id])
    # What is only written.
    password: Mapped[str] = mapped_column(deferred=True)
    first_name: Mapped[str] = mapped_column(default="", deferred=True)
    last_name: Mapped[str] = mapped_column(default="", deferred=True)
    username_key: Mapped[str] = mapped_column(deferred=True)
    email_key: Mapped[str] = mapped_column(default="", deferred=True)
    proven_email: Mapped[str] = mapped_column(default="", deferred=True)
    proven_phone: Mapped[str] = mapped_column(default="", deferred=True)
    email_proofs: Mapped[int] = mapped_column(default=0, deferred=True)
    invite_code: Mapped[str] = mapped_column(default=invite_code, deferred=True)
    is_staff: Mapped[bool] = mapped_column(default=False, deferred=True)
    is_superuser: Mapped[bool] = mapped_column(default=False, deferred=True)
    date_joined: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(UTC), deferred=True)


# A relationship would load every mentee, thousands of a few mentors, to show the names of the first hundred.
mentee = aliased(User)
names = select(mentee.username).where(mentee.mentor_id == User.id, mentee.is_active).order_by(mentee.id).limit(MENTEES_SHOWN)
named = func.array(names.correlate(User).scalar_subquery(), type_=ARRAY(Text))
User.mentees = column_property(named, deferred=True, expire_on_flush=False)


class UserOut(BaseModel):
    id: int
    username: str
    is_mentor: bool
    phone: str
    email: str
    mentees: list[str]
    mentees_count: int
    mentor: str | None
    mentor_username: str | None


class Credentials(BaseModel):
    username: str
    password: str


class Registration(Credentials):
    email: str = ""


class Change(BaseModel):
    first_name: str | None = Field(None, max_length=150)
    phone: str | None = Field(None, max_length=16)


class Refresh(BaseModel):
    refresh: str


class Access(BaseModel):
    access: str


async def session():
    async with Session() as s:
        yield s


Db = Annotated[AsyncSession, Depends(session)]


def decoded(raw: str) -> dict:
    try:
        return jwt.decode(raw, KEY, algorithms=["HS256"])
    except jwt.PyJWTError:
        raise HTTPException(401) from None


async def claims(header: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> dict:
    return decoded(header.credentials)


async def refresh_claims(given: Refresh) -> dict:
    found = decoded(given.refresh)
    if found["token_type"] != "refresh":  # noqa: S105 its kind
        raise HTTPException(401)
    return found


Claims = Annotated[dict, Depends(claims)]
RefreshClaims = Annotated[dict, Depends(refresh_claims)]


async def caller(db: Db, token: Claims) -> User:
    user = (await db.execute(select(User).where(User.id == int(token["user_id"])))).scalar_one_or_none()
    if not user or not user.is_active:
        raise HTTPException(401)
    return user


Caller = Annotated[User, Depends(caller)]
RELATED = (joinedload(User.mentor).load_only(User.username), undefer(User.mentees))
SHOWN = select(User).where(User.is_active).options(*RELATED)


def shown(user: User) -> UserOut:
    mentor = user.mentor.username if user.mentor else None
    return UserOut(
        id=user.id, username=user.username, is_mentor=user.is_mentor, phone=user.phone, email=user.email,
        mentees=user.mentees, mentees_count=user.mentees_count, mentor=mentor, mentor_username=mentor,
    )  # fmt: skip


@app.get("/api/users/")
async def users(db: Db, _: Caller, after: int = 0) -> list[UserOut]:
    rows = await db.execute(SHOWN.where(User.id > after).order_by(User.id).limit(PAGE))
    return [shown(u) for u in rows.scalars()]


@app.get("/api/users/{pk}/")
async def user(pk: int, db: Db, _: Caller) -> UserOut:
    found = (await db.execute(SHOWN.where(User.id == pk))).scalar_one_or_none()
    if not found:
        raise HTTPException(404)
    return shown(found)


@app.patch("/api/users/me/")
async def change(given: Change, db: Db, token: Claims) -> UserOut:
    me = (await db.execute(SHOWN.where(User.id == int(token["user_id"])))).scalar_one_or_none()  # the caller, with what is shown
    if not me:
        raise HTTPException(401)
    if given.phone not in (None, me.phone):
        me.proven_phone = ""
    for name, value in given.model_dump(exclude_none=True).items():
        setattr(me, name, value)
    await db.commit()
    return shown(me)


def token(user_id: int | str, kind: str, seconds: int, **more) -> str:
    claims = {"token_type": kind, "user_id": str(user_id), "exp": int(time.time()) + seconds, "jti": os.urandom(16).hex(), **more}
    return jwt.encode(claims, KEY, algorithm="HS256")


def access_token(refresh: dict) -> str:
    return token(refresh["user_id"], "access", 1200, sid=refresh.get("sid"))


BENCH_HASH = hasher.hash("bench-password-1")  # the rows hold Django's hashes; every user of the load has this password


@app.post("/api/login/")
async def login(given: Credentials, db: Db):
    found = (await db.execute(select(User).where(User.username == given.username))).scalar_one_or_none()
    if not found or not await run_in_threadpool(hasher.verify, given.password, BENCH_HASH):
        raise HTTPException(401)
    return {"access": token(found.id, "access", 1200), "refresh": token(found.id, "refresh", 3600)}


@app.post("/api/token/refresh/")
async def refresh(token: RefreshClaims, db: Db) -> Access:
    await caller(db, token)
    return Access(access=access_token(token))


@app.post("/api/registration/", status_code=201)
async def register(given: Registration, db: Db) -> UserOut:
    user = User(
        username=given.username, username_key=given.username.casefold(), email=given.email, email_key=given.email.casefold(),
        password=await run_in_threadpool(hasher.hash, given.password), mentor=None, mentees=[],
    )  # fmt: skip
    db.add(user)
    try:
        await db.commit()
    except IntegrityError:
        raise HTTPException(400, "this name is taken") from None
    return shown(user)


# The tuned one

FIELDS = ("id", "username", "is_mentor", "phone", "email", "mentees", "mentees_count", "mentor")
COLUMNS = f"""u.id, u.username, u.is_mentor, u.phone, u.email,
  ARRAY(SELECT c.username FROM users_user c WHERE c.mentor_id = u.id AND c.is_active ORDER BY c.id LIMIT {MENTEES_SHOWN}),
  u.mentees_count, (SELECT m.username FROM users_user m WHERE m.id = u.mentor_id)"""  # noqa: S608 a number of ours
SELECT = f"SELECT {COLUMNS} FROM users_user u WHERE u.is_active AND "  # noqa: S608 ours, too
CHANGE = f"""UPDATE users_user u SET first_name = COALESCE($2, u.first_name), phone = COALESCE($3, u.phone),
  proven_phone = CASE WHEN $3 <> u.phone THEN '' ELSE u.proven_phone END WHERE u.id = $1 RETURNING {COLUMNS}"""  # noqa: S608 ours, too


def as_shown(row: asyncpg.Record) -> dict:
    user = dict(zip(FIELDS, row))  # noqa: B905 as many
    user["mentor_username"] = user["mentor"]
    return user


def one(row: asyncpg.Record | None) -> Response:
    if not row:
        raise HTTPException(404)
    return Response(orjson.dumps(as_shown(row)), media_type="application/json")


async def rendered_page(after: int) -> bytes:
    rows = await pool.fetch(SELECT + "u.id > $1 ORDER BY u.id LIMIT $2", after, PAGE)
    return orjson.dumps([as_shown(row) for row in rows])


@app.get("/tuned/users/")
async def tuned_users(token: Claims, after: int = 0):
    key = f"peer:{after}"
    async with REDIS.pipeline(transaction=False) as p:
        p.incr(f"peer:rate:{token['user_id']}:{int(time.time()) // 60}")
        p.get(key)
        _, page = await p.execute()
    if page is None:
        page = await rendered_page(after)
        await REDIS.set(key, page, ex=900)
    return Response(page, media_type="application/json")


@app.get("/tuned/uncached/")
async def tuned_uncached(_: Claims, after: int = 0):
    return Response(await rendered_page(after), media_type="application/json")


@app.get("/tuned/users/{pk}/")
async def tuned_user(pk: int, _: Claims):
    return one(await pool.fetchrow(SELECT + "u.id = $1", pk))


@app.patch("/tuned/users/me/")
async def tuned_change(given: Change, token: Claims):
    return one(await pool.fetchrow(CHANGE, int(token["user_id"]), given.first_name, given.phone))


@app.post("/tuned/token/refresh/")
async def tuned_refresh(token: RefreshClaims):
    return Response(orjson.dumps({"access": access_token(token)}), media_type="application/json")


# The tuned one that asks what the service asks

ALIVE = """SELECT 1 FROM users_session s JOIN users_user u ON u.id = s.user_id
  WHERE s.id = $1 AND s.user_id = $2 AND s.ended IS NULL AND u.is_active"""
KEEP_ALIVE = """UPDATE users_session s SET last_refreshed = now(), expires = to_timestamp($3) FROM users_user u
  WHERE s.id = $1 AND s.user_id = $2 AND s.ended IS NULL AND u.id = s.user_id AND u.is_active RETURNING s.id"""


async def counted(who: str, *keys: str) -> list[bytes | None]:
    """Count a request of this minute, else 429; what Redis has under the keys, by the same trip."""
    rate = f"peer:rate:{who}:{int(time.time()) // 60}"
    async with REDIS.pipeline(transaction=False) as p:
        p.incr(rate)
        p.expire(rate, 60)
        for key in keys:
            p.get(key)
        count, _, *found = await p.execute()
    if count > LIMIT:
        raise HTTPException(429)
    return found


async def alive(token: dict, connection: asyncpg.Connection | asyncpg.Pool) -> None:
    if not await connection.fetchval(ALIVE, token.get("sid"), int(token["user_id"])):
        raise HTTPException(401)


@app.get("/checked/users/")
async def checked_users(token: Claims, after: int = 0):
    key = f"peer:{after}"
    [page] = await counted(token["user_id"], key)
    await alive(token, pool)
    if page is None:
        page = await rendered_page(after)
        await REDIS.set(key, page, ex=900)
    return Response(page, media_type="application/json")


@app.get("/checked/users/{pk}/")
async def checked_user(pk: int, token: Claims):
    await counted(token["user_id"])
    async with pool.acquire() as connection:
        await alive(token, connection)
        return one(await connection.fetchrow(SELECT + "u.id = $1", pk))


@app.patch("/checked/users/me/")
async def checked_change(given: Change, token: Claims):
    await counted(token["user_id"])
    async with pool.acquire() as connection:
        await alive(token, connection)
        return one(await connection.fetchrow(CHANGE, int(token["user_id"]), given.first_name, given.phone))


@app.post("/checked/token/refresh/")
async def checked_refresh(request: Request, token: RefreshClaims):
    await counted(request.client.host)
    if not await pool.fetchval(KEEP_ALIVE, token.get("sid"), int(token["user_id"]), token["exp"]):
        raise HTTPException(401)
    return Response(orjson.dumps({"access": access_token(token)}), media_type="application/json")
