"""A web service that asks registries, as in GET /tags/reg.corp/team/app; `fastapi run fastapi_service.py` runs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from boxship import AsyncClient, BoxshipError
from boxship.errors import InvalidInput, NotFound


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One client for all requests: it keeps connections and tokens, and every wait in it has a bound."""
    async with AsyncClient(timeout=30) as client:
        app.state.client = client
        yield


def client_of(request: Request) -> AsyncClient:
    client: AsyncClient = request.app.state.client
    return client


app = FastAPI(lifespan=lifespan)


@app.exception_handler(BoxshipError)
async def say(_: Request, error: BoxshipError) -> JSONResponse:
    status = 404 if isinstance(error, NotFound) else 400 if isinstance(error, InvalidInput) else 502
    return JSONResponse({"what": error.what, "why": error.why, "remedy": error.remedy}, status)


@app.get("/tags/{repository:path}")
async def tags(repository: str, client: Annotated[AsyncClient, Depends(client_of)]) -> list[str]:
    return [tag async for tag in client.tags(repository)]
