"""The command line: crane's verbs and more, on `Client`."""
