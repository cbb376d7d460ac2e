"""List a repository's tags, with credentials, a TLS context and an event hook of one's own."""

import ssl
import sys
import time

from boxship import BoxshipError, Client, Event, Reference

USAGE = "Usage: <username> <password> <repo> <src>"  # <repo> is only shown; <src> (reg.corp/team/app) is asked


def show(event: Event) -> None:
    """Print what is of interest here, in klog's shape."""
    if event.name in ("registryURL", "repoName", "ConnectStart"):
        print(event)


def main(arguments: list[str]) -> int:
    if len(arguments) != 4:
        print(USAGE, file=sys.stderr)
        return 2
    username, password, repo, src = arguments
    # A context of one's own is taken as it is. This one checks nothing, for a registry in a lab: whoever is in between
    # gets the password. `ssl.create_default_context(cafile=FILE)` believes an authority of one's own instead.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    told = Client(username=username, password=password, plain_http="auto", tls_context=context, on_event=show)
    try:
        show(Event("registryURL", repo, time.time(), "list_tags.py"))
        show(Event("repoName", Reference.parse(src).repository, time.time(), "list_tags.py"))
        with told as client:
            print(*client.tags(src), sep="\n")
    except BoxshipError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


sys.exit(main(sys.argv[1:]))
