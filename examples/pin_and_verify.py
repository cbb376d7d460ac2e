"""Pin an image and see that it is whole: pin_and_verify.py IMAGE prints the reference with its digest."""

import sys

from boxship import BoxshipError, Client, Reference


def pinned(client: Client, image: str) -> Reference:
    """The image by the digest that its tag stands for now, with every byte of it verified."""
    reference = Reference.parse(image)
    digest = reference.digest or client.digest(reference)
    by_digest = reference.with_digest(digest)
    client.validate(by_digest)  # sizes, digests, layers against the configuration
    return by_digest


def main(image: str) -> int:
    try:
        with Client() as client:
            print(pinned(client, image))
    except BoxshipError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
