"""What the families are asked by: tokens, as the service makes them, and the bodies that all of them take."""

import os
import time
from typing import Annotated

import jwt
from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

KEY = os.environ["PEER_KEY"]
PAGE, MENTEES_SHOWN = 100, 100
bearer = HTTPBearer()


class Change(BaseModel):
    first_name: str | None = Field(None, max_length=150)
    phone: str | None = Field(None, max_length=16)


class Refresh(BaseModel):
    refresh: str


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


def token(user_id: int | str, kind: str, seconds: int, **more) -> str:
    claims = {"token_type": kind, "user_id": str(user_id), "exp": int(time.time()) + seconds, "jti": os.urandom(16).hex(), **more}
    return jwt.encode(claims, KEY, algorithm="HS256")


def access_token(refresh: dict) -> str:
    return token(refresh["user_id"], "access", 1200, sid=refresh.get("sid"))
