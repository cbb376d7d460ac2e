"""The API that the page asks, for any registry: questions in, JSON out (docs/web-api.md); its files are `web`'s."""
