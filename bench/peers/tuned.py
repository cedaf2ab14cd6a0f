"""/tuned/…: what a careful user could reach: one statement on raw asyncpg, no ORM, the caller's row not read, rendered list in Redis."""

import time

import asyncpg
import orjson
from fastapi import APIRouter, HTTPException, Response

from bench.peers import stores
from bench.peers.asked import MENTEES_SHOWN, PAGE, Change, Claims, RefreshClaims, access_token

router = APIRouter()
FIELDS = ("id", "username", "is_mentor", "phone", "email", "mentees", "mentees_count", "mentor")
COLUMNS = f"""u.id, u.username, u.is_mentor, u.phone, u.email,
  CASE WHEN u.is_mentor
    THEN ARRAY(SELECT c.username FROM users_user c WHERE c.mentor_id = u.id AND c.is_active ORDER BY c.id LIMIT {MENTEES_SHOWN})
    ELSE '{{}}' END,
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
    rows = await stores.pool.fetch(SELECT + "u.id > $1 ORDER BY u.id LIMIT $2", after, PAGE)
    return orjson.dumps([as_shown(row) for row in rows])


@router.get("/tuned/users/")
async def tuned_users(token: Claims, after: int = 0):
    key = f"peer:{after}"
    async with stores.REDIS.pipeline(transaction=False) as p:
        p.incr(f"peer:rate:{token['user_id']}:{int(time.time()) // 60}")
        p.get(key)
        _, page = await p.execute()
    if page is None:
        page = await rendered_page(after)
        await stores.REDIS.set(key, page, ex=900)
    return Response(page, media_type="application/json")


@router.get("/tuned/uncached/")
async def tuned_uncached(_: Claims, after: int = 0):
    return Response(await rendered_page(after), media_type="application/json")


@router.get("/tuned/users/{pk}/")
async def tuned_user(pk: int, _: Claims):
    return one(await stores.pool.fetchrow(SELECT + "u.id = $1", pk))


@router.patch("/tuned/users/me/")
async def tuned_change(given: Change, token: Claims):
    return one(await stores.pool.fetchrow(CHANGE, int(token["user_id"]), given.first_name, given.phone))


@router.post("/tuned/token/refresh/")
async def tuned_refresh(token: RefreshClaims):
    return Response(orjson.dumps({"access": access_token(token)}), media_type="application/json")
