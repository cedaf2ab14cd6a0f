"""/api/…: as people write it: SQLAlchemy's async ORM, pydantic models, the caller's row read on each request, pwdlib's defaults."""

import secrets
import string
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from fastapi.concurrency import run_in_threadpool
from pwdlib import PasswordHash
from pydantic import BaseModel
from sqlalchemy import ARRAY, DateTime, ForeignKey, Text, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, column_property, joinedload, mapped_column, relationship, undefer

from bench.peers.asked import MENTEES_SHOWN, PAGE, Change, Claims, RefreshClaims, access_token, token
from bench.peers.stores import DSN

# No more than the pool holds: a connection that is opened for one request costs more than to wait for one.
engine = create_async_engine(DSN.replace("postgresql://", "postgresql+asyncpg://"), pool_size=8, max_overflow=0)
Session = async_sessionmaker(engine, expire_on_commit=False)
hasher = PasswordHash.recommended()
router = APIRouter()


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


class Access(BaseModel):
    access: str


async def session():
    async with Session() as s:
        yield s


Db = Annotated[AsyncSession, Depends(session)]


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


@router.get("/api/users/")
async def users(db: Db, _: Caller, after: int = 0) -> list[UserOut]:
    rows = await db.execute(SHOWN.where(User.id > after).order_by(User.id).limit(PAGE))
    return [shown(u) for u in rows.scalars()]


@router.get("/api/users/{pk}/")
async def user(pk: int, db: Db, _: Caller) -> UserOut:
    found = (await db.execute(SHOWN.where(User.id == pk))).scalar_one_or_none()
    if not found:
        raise HTTPException(404)
    return shown(found)


@router.patch("/api/users/me/")
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


BENCH_HASH = hasher.hash("bench-password-1")  # the rows hold Django's hashes; every user of the load has this password


@router.post("/api/login/")
async def login(given: Credentials, db: Db):
    found = (await db.execute(select(User).where(User.username == given.username))).scalar_one_or_none()
    if not found or not await run_in_threadpool(hasher.verify, given.password, BENCH_HASH):
        raise HTTPException(401)
    return {"access": token(found.id, "access", 1200), "refresh": token(found.id, "refresh", 3600)}


@router.post("/api/token/refresh/")
async def refresh(token: RefreshClaims, db: Db) -> Access:
    await caller(db, token)
    return Access(access=access_token(token))


@router.post("/api/registration/", status_code=201)
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
