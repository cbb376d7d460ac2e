"""`kopf run -A kopf_operator.py`: an ImagePin has in its status the digest of what it names."""

import kopf

from boxship import AsyncClient, BoxshipError
from boxship.errors import InvalidInput, NotFound, RateLimited


@kopf.on.startup()
async def start(memo: kopf.Memo, settings: kopf.OperatorSettings, **_: object) -> None:
    """One client for all handlers: it keeps connections and tokens, and every wait in it has a bound."""
    settings.posting.enabled = False
    memo.client = AsyncClient(timeout=30)


@kopf.on.cleanup()
async def end(memo: kopf.Memo, **_: object) -> None:
    await memo.client.close()


@kopf.on.create("example.com", "v1", "imagepins")
@kopf.on.update("example.com", "v1", "imagepins", field="spec.image")
async def pin(spec: kopf.Spec, patch: kopf.Patch, memo: kopf.Memo, **_: object) -> None:
    try:
        digest = await memo.client.digest(spec["image"])
    except (InvalidInput, NotFound) as error:
        patch.status["error"] = str(error)
        raise kopf.PermanentError(error.what) from error
    except RateLimited as error:
        raise kopf.TemporaryError(error.what, delay=error.retry_after) from error
    except BoxshipError as error:
        raise kopf.TemporaryError(error.what, delay=60) from error
    patch.status["digest"] = str(digest)
