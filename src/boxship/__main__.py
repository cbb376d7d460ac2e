"""`python -m boxship`: the command line."""

import sys

from boxship.cli.main import main

sys.exit(main())
