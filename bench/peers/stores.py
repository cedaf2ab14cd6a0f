"""PostgreSQL and Redis, as the tuned families reach them."""

import os
from contextlib import asynccontextmanager

import asyncpg
import redis.asyncio as aioredis
from fastapi import FastAPI

DSN = os.environ["PEER_DSN"]
REDIS = aioredis.from_url(os.environ["PEER_REDIS"])
pool: asyncpg.Pool  # from lifespan() on


@asynccontextmanager
async def lifespan(_app: FastAPI):
    global pool
    async with asyncpg.create_pool(DSN, min_size=2, max_size=8) as pool:
        yield
