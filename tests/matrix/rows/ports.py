"""What 443 and 80 can be, and what comes of the pairs that tell most: the behaviour table, with `--insecure`."""

from __future__ import annotations

__all__ = ["ROWS"]

from tests.matrix.row import End, Learns, Row, Said, Wish, only

TLS, PLAIN, LOST, BAD_TLS, ANSWER = End.TLS, End.PLAIN, End.LOST, End.BAD_TLS, End.ANSWER
NOTHING, QUESTION, READ, SECRET = Learns.NOTHING, Learns.QUESTION, Learns.READ, Learns.SECRET
THRICE = {443: 3, 80: 0}

# Rules 4 and 7: 20 ms after the plain connect it is asked; a secret waits for 1.5 s.
_DROPPED = (
    Row("443 dropped, 80 serves", only("dropped", "open"), 0.022, PLAIN, READ),
    Row("443 dropped, 80 challenges", only("dropped", "basic"), 1.5, PLAIN, SECRET),
    Row("443 dropped, 80 wants a token", only("dropped", "bearer"), 1.5, PLAIN, SECRET),
    Row("443 dropped, a PUT", only("dropped", "takes anything"), 1.5, PLAIN, SECRET, wish=Wish.PUT),
    Row("443 dropped, a header of the user's", only("dropped", "open"), 1.5, PLAIN, SECRET, wish=Wish.HEADER),
    Row("443 dropped, 80 dropped", only("dropped", "dropped"), 5.0, LOST, words="dropped, not refused"),
    Row("443 dropped, 80 refused", only("dropped", "refused"), 5.0, LOST, words="dropped, not refused"),
    Row("443 dropped, 80 is a portal", only("dropped", "portal"), 5.0, LOST, QUESTION, words="not as a registry"),
    Row("443 dropped, 80 redirects elsewhere", only("dropped", "portal elsewhere"), 5.0, LOST, QUESTION),
    Row("443 dropped, 80 redirects to it", only("dropped", "moved to TLS"), 5.0, LOST, QUESTION),
    Row("443 dropped, 80 resets", only("dropped", "resets"), 5.0, LOST, QUESTION, words="reset without a byte"),
    Row("443 dropped, 80 says nothing", only("dropped", "mute"), 10.021, LOST, QUESTION, words="says nothing"),
)
# Rule 7: refused again 250 ms later.
_REFUSED = (
    Row("443 refused, 80 serves", only("refused", "open"), 0.002, PLAIN, READ),
    Row("443 refused, 80 challenges", only("refused", "basic"), 0.252, PLAIN, SECRET),
    Row("443 refused, 80 wants a token", only("refused", "bearer"), 0.252, PLAIN, SECRET),
    Row("443 refused, a PUT", only("refused", "takes anything"), 0.252, PLAIN, SECRET, wish=Wish.PUT),
    Row("443 refused, 80 dropped", only("refused", "dropped"), 5.0, LOST, words="dropped, not refused"),
    Row("443 refused, 80 refused", only("refused", "refused"), 0.001, LOST, words="refused"),
    Row("443 refused, 80 is a portal", only("refused", "portal"), 0.002, LOST, QUESTION, words="not as a registry"),
    Row("443 refused, 80 redirects to it", only("refused", "moved to TLS"), 0.002, LOST, QUESTION),
    Row("443 refused, 80 resets", only("refused", "resets"), 0.002, LOST, QUESTION),
    Row("443 refused, 80 says nothing", only("refused", "mute"), 10.001, LOST, QUESTION, words="says nothing"),
    Row("443 prohibited by a router, 80 serves", only("unreachable", "open"), 0.002, PLAIN, READ),
    Row("443 prohibited by a router, 80 challenges", only("unreachable", "basic"), 0.252, PLAIN, SECRET),
    Row("443 prohibited by a router, 80 refused", only("unreachable", "refused"), 0.001, LOST, words="unreachable"),
    Row("both prohibited by a router", only("unreachable", "unreachable"), 0.001, LOST, words="unreachable"),
)
_NO_ANSWER_TO_THE_HELLO = (
    Row("443 resets the hello, 80 serves", only("resets hello", "open"), 0.003, PLAIN, READ),
    Row("443 resets the hello, 80 challenges", only("resets hello", "basic"), 0.254, PLAIN, SECRET),
    Row("443 resets the hello, 80 refused", only("resets hello", "refused"), 0.002, LOST, words="reset without"),
    Row("443 resets the hello, 80 is a portal", only("resets hello", "portal"), 0.003, LOST, QUESTION),
    Row("443 hangs up, 80 serves", only("hangs up", "open"), 0.003, PLAIN, READ),
    Row("443 hangs up, 80 challenges", only("hangs up", "basic"), 0.254, PLAIN, SECRET),
    Row("443 mute, 80 serves", only("mute", "open"), 0.062, PLAIN, READ),
    Row("443 mute, 80 challenges", only("mute", "basic"), 5.001, PLAIN, SECRET),
    Row("443 mute, 80 wants a token", only("mute", "bearer"), 5.001, PLAIN, SECRET),
    Row("443 mute, 80 dropped", only("mute", "dropped"), 5.001, LOST, words="says nothing"),
    Row("443 mute, 80 refused", only("mute", "refused"), 5.001, LOST, words="says nothing"),
    Row("443 mute, 80 is a portal", only("mute", "portal"), 5.001, LOST, QUESTION, words="not as a registry"),
)
_NOT_TLS = (
    Row("443 speaks plain HTTP, 80 serves", only("open", "open"), 0.003, PLAIN, READ),
    Row("443 speaks plain HTTP, 80 challenges", only("open", "basic"), 0.003, PLAIN, SECRET),
    Row("443 speaks plain HTTP, 80 wants a token", only("open", "bearer"), 0.003, PLAIN, SECRET),
    Row("443 speaks plain HTTP, a PUT", only("open", "takes anything"), 0.003, PLAIN, SECRET, wish=Wish.PUT),
    Row("443 speaks plain HTTP, 80 dropped", only("open", "dropped"), 5.0, LOST, words="does not speak TLS"),
    Row("443 speaks plain HTTP, 80 refused", only("open", "refused"), 0.002, LOST, words="does not speak TLS"),
    Row("443 speaks plain HTTP, 80 is a portal", only("open", "portal"), 0.003, LOST, QUESTION),
    Row("443 is an SSH server, 80 serves", only("garbage", "open"), 0.003, PLAIN, READ),
    Row("443 is an SSH server, 80 challenges", only("garbage", "basic"), 0.003, PLAIN, SECRET),
)
# Rule 3, and rule 5: what is open is waited for 60 ms before port 80 is asked.
_TLS = (
    Row("TLS, 80 serves", only("TLS", "open"), 0.002, TLS),
    Row("TLS, 80 challenges", only("TLS", "basic"), 0.002, TLS),
    Row("TLS, 80 dropped", only("TLS", "dropped"), 0.002, TLS),
    Row("TLS, 80 refused", only("TLS", "refused"), 0.002, TLS),
    Row("TLS, 80 is a portal", only("TLS", "portal"), 0.002, TLS),
    Row("TLS, 80 says nothing", only("TLS", "mute"), 0.002, TLS),
    Row("TLS, a PUT", only("TLS", "takes anything"), 0.002, TLS, wish=Wish.PUT),
    Row("TLS after 1 s, 80 serves", only("slow TLS", "open"), 0.062, PLAIN, READ),
    Row("TLS after 1 s, 80 challenges", only("slow TLS", "basic"), 1.002, TLS, READ),
    Row("TLS after 1 s, 80 wants a token", only("slow TLS", "bearer"), 1.002, TLS, READ),
    Row("TLS after 1 s, 80 dropped", only("slow TLS", "dropped"), 1.002, TLS),
    Row("TLS after 1 s, 80 is a portal", only("slow TLS", "portal"), 1.002, TLS, QUESTION),
    Row("TLS after 1 s, 80 resets", only("slow TLS", "resets"), 1.002, TLS, QUESTION),
    Row("TLS after 1 s, 80 redirects to it", only("slow TLS", "moved to TLS"), 1.002, TLS, QUESTION),
    Row("TLS after 1 s, a PUT", only("slow TLS", "takes anything"), 1.002, TLS, QUESTION, wish=Wish.PUT),
    Row("TLS after 3 s, 80 challenges", only("very slow TLS", "basic"), 3.002, TLS, READ),
    Row("TLS after 3 s, a header of the user's", only("very slow TLS", "open"), 3.002, TLS, QUESTION, wish=Wish.HEADER),
    Row("TLS after 3 s, 80 dropped", only("very slow TLS", "dropped"), 3.002, TLS),
)
_BAD_TLS = (
    Row("an expired certificate, 80 serves", only("expired", "open"), 0.002, BAD_TLS, said=Said.AUTO),
    Row("an expired certificate, 80 challenges", only("expired", "basic"), 0.002, BAD_TLS, said=Said.AUTO),
    Row("an expired certificate, 80 dropped", only("expired", "dropped"), 0.002, BAD_TLS, said=Said.AUTO),
    Row("an expired certificate, not checked", only("expired", "basic"), 0.002, TLS),
    Row("a certificate for another name", only("wrong name", "open"), 0.002, BAD_TLS, said=Said.AUTO),
    Row("443 sends an alert, 80 serves", only("TLS alert", "open"), 0.002, BAD_TLS),
    Row("443 sends an alert, 80 challenges", only("TLS alert", "basic"), 0.002, BAD_TLS),
    Row("503 over TLS, 80 serves", only("TLS, 503", "open"), 0.002, ANSWER, late=4.0, requests=THRICE),
    Row("503 over TLS, 80 dropped", only("TLS, 503", "dropped"), 0.002, ANSWER, late=4.0, requests=THRICE),
)
ROWS = _DROPPED + _REFUSED + _NO_ANSWER_TO_THE_HELLO + _NOT_TLS + _TLS + _BAD_TLS
