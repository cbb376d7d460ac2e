"""The API that the page asks, for any registry: questions in, JSON out (docs/web-api.md); the page's files are `web`'s."""
