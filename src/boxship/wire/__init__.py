"""What the distribution specification says of requests and answers; no socket, no clock: client and server share it."""
