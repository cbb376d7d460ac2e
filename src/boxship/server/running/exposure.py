"""Which addresses a registry may be served at, and how: loopback as it is, others with TLS and with rules.

Binding is `address`'s, serving `serve`'s; what the rules are, `access`'s.
"""

from __future__ import annotations

__all__ = ["check_authorities", "check_exposure", "check_tls", "settled"]

from contextlib import closing, suppress
from pathlib import Path

from boxship.errors import InvalidSettings
from boxship.server.access import users
from boxship.server.opening import open_database
from boxship.server.plan import Plan
from boxship.server.registry import Settings
from boxship.server.running.address import Address
from boxship.value import replace


def check_exposure(plan: Plan, where: Address) -> None:
    """`InvalidSettings`, with what to add, where others than this machine could reach what is not protected."""
    if plan.tls_cert:
        check_tls(Path(plan.tls_cert), Path(plan.tls_key))
    if plan.tls_client_ca:
        check_authorities(Path(plan.tls_client_ca))
    if where.is_loopback:
        return
    flag = f"--address {plan.address}"
    if not (plan.tls_cert or plan.insecure_http):
        remedy = "--tls-cert FILE --tls-key FILE, or 127.0.0.1, or --insecure-http if this is meant"
        raise InvalidSettings(flag, why="others would reach it over plain HTTP", remedy=remedy)
    if not (_has_rules(plan.settings) or _has_users(plan)):
        remedy = "`boxship registry user add`, --htpasswd FILE, or --anonymous pull|push if this is meant"
        raise InvalidSettings(flag, why="anybody who reaches it could pull and push", remedy=remedy)


def settled(settings: Settings, where: Address) -> Settings:
    """The settings to serve with: what others can reach does not open when the last user is removed."""
    if settings.anonymous or where.is_loopback:
        return settings
    return replace(settings, anonymous=("none",))


def check_tls(certificate: Path, key: Path) -> None:
    """`InvalidSettings` where the files are no certificate with its key."""
    import ssl  # noqa: PLC0415 - tens of milliseconds, and few registries speak TLS by themselves

    for file in (certificate, key):
        _check_readable(file)
    try:
        # Without an answer, OpenSSL would ask the terminal for a passphrase.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        why = f"it is no certificate in PEM whose key, without a passphrase, is {key}"
        raise InvalidSettings(str(certificate), why=why, remedy="give the certificate's own key") from error


def check_authorities(file: Path) -> None:
    """`InvalidSettings` where the file holds no certificate of an authority."""
    import ssl  # noqa: PLC0415

    _check_readable(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with suppress(ssl.SSLError):  # which is that there is none, too
        context.load_verify_locations(file)
    if not context.cert_store_stats()["x509_ca"]:
        why = "it holds no certificate of an authority in PEM"
        raise InvalidSettings(str(file), why=why, remedy="give the certificate that clients' are signed with")


def _check_readable(file: Path) -> None:
    try:
        file.open("rb").close()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InvalidSettings(str(file), why=why, remedy="give a file that can be read") from error


def _has_users(plan: Plan) -> bool:
    if not plan.settings.database:
        return users.are_there(Path(plan.folder))
    with closing(open_database(Path(plan.folder), plan.settings.database)) as database:
        return database.read_now("SELECT 1 FROM \"user\" WHERE name <> '' LIMIT 1").fetchone() is not None


def _has_rules(settings: Settings) -> bool:
    return bool(settings.htpasswd or settings.anonymous or settings.oidc_issuer)
