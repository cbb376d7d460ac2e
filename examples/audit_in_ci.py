"""audit_in_ci.py FILE…: fail a build where a manifest names an image that is not there, or is not pinned."""

import sys
from pathlib import Path

from boxship import Client, Platform
from boxship.audit import Reading, Text, Wanted, audit, uses_in

WANTED = Wanted(platforms=(Platform.parse("linux/amd64"),), ignored=frozenset({"plain-http"}))


def main(names: list[str]) -> int:
    found = 0
    with Client(timeout=60) as client:
        for name in names:
            report = audit(client, uses_in(Text(name, Path(name).read_text()), Reading()), WANTED)
            for complaint in report.complaints:
                print(f"{complaint.at}: {complaint.words}")
            for image in report.images:
                for finding in image.findings:
                    print(f"{image.uses[0].at}: {image.image}: {finding.level}: {finding.words}")
            found += len(report.complaints) + sum(len(image.findings) for image in report.images)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
