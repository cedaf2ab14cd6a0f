"""/checked/…: the tuned one that asks what the service asks: is the caller active, is the session alive, is the limit kept."""

import os
import time

import asyncpg
import orjson
from fastapi import APIRouter, HTTPException, Request, Response

from bench.peers import stores
from bench.peers.asked import Change, Claims, RefreshClaims, access_token
from bench.peers.tuned import CHANGE, SELECT, one, rendered_page

LIMIT = int(os.environ.get("PEER_LIMIT", "1000000000"))
router = APIRouter()

ALIVE = """SELECT 1 FROM users_session s JOIN users_user u ON u.id = s.user_id
  WHERE s.id = $1 AND s.user_id = $2 AND s.ended IS NULL AND u.is_active"""
KEEP_ALIVE = """UPDATE users_session s SET last_refreshed = now(), expires = to_timestamp($3) FROM users_user u
  WHERE s.id = $1 AND s.user_id = $2 AND s.ended IS NULL AND u.id = s.user_id AND u.is_active RETURNING s.id"""


async def counted(who: str, *keys: str) -> list[bytes | None]:
    """Count a request of this minute, else 429; what Redis has under the keys, by the same trip."""
    rate = f"peer:rate:{who}:{int(time.time()) // 60}"
    async with stores.REDIS.pipeline(transaction=False) as p:
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


@router.get("/checked/users/")
async def checked_users(token: Claims, after: int = 0):
    key = f"peer:{after}"
    [page] = await counted(token["user_id"], key)
    await alive(token, stores.pool)
    if page is None:
        page = await rendered_page(after)
        await stores.REDIS.set(key, page, ex=900)
    return Response(page, media_type="application/json")


@router.get("/checked/users/{pk}/")
async def checked_user(pk: int, token: Claims):
    await counted(token["user_id"])
    async with stores.pool.acquire() as connection:
        await alive(token, connection)
        return one(await connection.fetchrow(SELECT + "u.id = $1", pk))


@router.patch("/checked/users/me/")
async def checked_change(given: Change, token: Claims):
    await counted(token["user_id"])
    async with stores.pool.acquire() as connection:
        await alive(token, connection)
        return one(await connection.fetchrow(CHANGE, int(token["user_id"]), given.first_name, given.phone))


@router.post("/checked/token/refresh/")
async def checked_refresh(request: Request, token: RefreshClaims):
    await counted(request.client.host)
    if not await stores.pool.fetchval(KEEP_ALIVE, token.get("sid"), int(token["user_id"]), token["exp"]):
        raise HTTPException(401)
    return Response(orjson.dumps({"access": access_token(token)}), media_type="application/json")
