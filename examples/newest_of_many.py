"""When images were made, asked for side by side: newest_of_many.py IMAGE…; one that fails stops no other."""

import asyncio
import sys

from boxship import AsyncClient, BoxshipError


async def made(client: AsyncClient, image: str) -> str:
    """A line about an image; the client keeps connections and tokens for all of them."""
    try:
        async with asyncio.timeout(30):
            config = await client.config(image)
    except BoxshipError as error:
        return f"{image}: {error.what}"
    except TimeoutError:  # what was under way has been ended
        return f"{image}: no answer within 30 s"
    return f"{image}: {config.created}"


async def main(images: list[str]) -> None:
    async with AsyncClient() as client:
        for line in await asyncio.gather(*(made(client, image) for image in images)):
            print(line)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
