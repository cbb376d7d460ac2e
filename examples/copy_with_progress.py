"""Copy an image and show how far it is: copy_with_progress.py SOURCE TARGET; each is a reference or oci:FOLDER."""

import sys
from threading import Lock

from boxship import BoxshipError, Client, Event


class _Progress:
    """How many bytes have come. Events come from several threads, and are shown one after the other."""

    def __init__(self) -> None:
        self.size, self.come, self.turn = 0, dict[object, int](), Lock()

    def __call__(self, event: Event) -> None:
        facts = event.facts
        with self.turn:
            if event.name == "Copy":
                self.size = int(str(facts["size"]))
            elif event.name == "BlobProgress":
                self.come[facts["digest"]] = int(str(facts["at"]))
            elif event.name == "Blob":
                self.come[facts["digest"]] = int(str(facts["size"])) if facts["how"] == "pushed" else 0
            else:
                return
            print(f"{sum(self.come.values())} of {self.size} bytes", file=sys.stderr)


def main(source: str, target: str) -> int:
    try:
        with Client(on_event=_Progress()) as client:
            copied = client.copy(source, target)
    except BoxshipError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    print(f"{copied.digest}: {copied.pushed} blobs brought, {copied.present} were there")
    return 0


sys.exit(main(*sys.argv[1:]))
