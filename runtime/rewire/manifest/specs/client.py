"""What every declared client has, whatever its protocol.

A spec is frozen: an edit makes a new one, and comparing two is how a plan is made. Each field
says in its annotation how an edit of it is applied (:class:`Applies`) and in its description
what the reference, the schema and the editor show.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from rewire.manifest.specs.types import (
    HTTPURL,
    Applies,
    Duration,
    FieldName,
    Flag,
    HeaderSecret,
    Integer,
    Message,
    PathText,
    PositiveDuration,
    ScopeText,
    SecretText,
    ServerName,
    Text,
    UserName,
    plain,
)

__all__ = [
    "AuthConfig",
    "ClientConfig",
    "DrainConfig",
    "HTTPAuthConfig",
    "OAuth2Auth",
    "TLSConfig",
    "Table",
    "WarmupConfig",
]

ID_PATTERN = r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"
IN_PLACE = Applies("in place")
REPLACE = Applies("replace")


class Table(BaseModel):
    """One table of the manifest: frozen, and without keys that nobody declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DrainConfig(Table):
    """How long a retired generation may finish what it carries."""

    timeout: Annotated[Duration, IN_PLACE] = Field(
        default=30.0, description="Requests in flight may finish for this long, then are cut."
    )
    stream_timeout: Annotated[Duration, IN_PLACE] = Field(
        default=300.0, description="Streams and upgraded connections may go on for this long."
    )
    max_generations: Annotated[Integer, IN_PLACE] = Field(
        default=16,
        ge=1,
        le=1000,
        description="Retired generations kept at once; beyond it the oldest is cut.",
    )


class WarmupConfig(Table):
    """How long a replacement may take to open its first connection before it goes live."""

    timeout: Annotated[PositiveDuration, IN_PLACE] = Field(
        default=10.0, description="The deadline of the warm-up; a verdict always comes by then."
    )


class BasicAuth(Table):
    """A user name and a password, by RFC 7617."""

    username: UserName = Field(description="The user name.")
    password: SecretText = Field(description='The password, usually "${NAME}".')


class HeaderAuth(Table):
    """A credential in a header of its own."""

    name: FieldName = Field(description="The header's name.", examples=["X-Api-Key"])
    value: HeaderSecret = Field(description='The credential, usually "${NAME}".')


class QueryAuth(Table):
    """A credential in the query of the URL."""

    name: Text = Field(description="The parameter's name.", examples=["api_key"])
    value: SecretText = Field(description='The credential, usually "${NAME}".')


class OAuth2Auth(Table):
    """A token that is fetched with the client's own credentials, by RFC 6749 section 4.4."""

    token_url: HTTPURL = Field(
        description="Where tokens are fetched.", examples=["https://login.example/oauth2/token"]
    )
    client_id: Text = Field(description="The name under which the client is known there.")
    client_secret: SecretText = Field(description='The client\'s password, usually "${NAME}".')
    scopes: tuple[ScopeText, ...] = Field(
        default=(), description="What the token is to permit.", examples=[["orders.read"]]
    )
    audience: Text | None = Field(
        default=None, description="Which service the token is for, where the server asks for it."
    )


class AuthConfig(Table):
    """The credential of every call; at most one kind."""

    bearer: HeaderSecret | None = Field(
        default=None,
        description="A bearer token, by RFC 6750.",
        examples=["${GITHUB_TOKEN}"],
    )
    basic: BasicAuth | None = Field(default=None, description="User name and password.")
    header: HeaderAuth | None = Field(default=None, description="A credential in a header.")
    query: QueryAuth | None = Field(default=None, description="A credential in the query.")


class HTTPAuthConfig(AuthConfig):
    """The credential of every call; at most one kind."""

    oauth2: OAuth2Auth | None = Field(default=None, description=OAuth2Auth.__doc__)
    custom: Text | None = Field(
        default=None,
        description="The name of an auth that the program registers: manager.auth(name, auth).",
        examples=["signed"],
    )


class TLSConfig(Table):
    """How the peer's certificate is checked, and which one is shown to it."""

    verify: Flag = Field(default=True, description="Check the certificate; false is dangerous.")
    ca: PathText | None = Field(
        default=None,
        description="A PEM file of the only authorities to trust, instead of the system's.",
        examples=["/etc/ssl/internal-ca.pem"],
    )
    cert: PathText | None = Field(
        default=None,
        description="A PEM file of the client's own certificate, and of those that vouch for it.",
        examples=["/etc/ssl/client.pem"],
    )
    key: PathText | None = Field(
        default=None,
        description="A PEM file of its private key, unencrypted; without it, cert has the key too.",
        examples=["/etc/ssl/client.key"],
    )
    server_name: ServerName | None = Field(
        default=None,
        description="The name to ask for (SNI) and to check for, instead of the URL's host.",
        examples=["api.internal"],
    )
    min_version: Literal["1.2", "1.3"] = Field(
        default="1.2", description="The oldest version of TLS to speak."
    )


class ClientConfig(Table):
    """The fields of every client; the base of each protocol's spec."""

    protocol: ClassVar[str] = ""

    id: str = Field(
        pattern=ID_PATTERN,
        description="The client's name: lower-case letters, digits and inner hyphens.",
    )
    enabled: Annotated[Flag, IN_PLACE] = Field(
        default=True, description="false: drained, and its handle raises ClientDisabledError."
    )
    labels: Annotated[dict[str, Message], IN_PLACE] = Field(
        default_factory=dict, description="Free key/value pairs, shown in the status."
    )
    owner: Annotated[Message | None, IN_PLACE] = Field(
        default=None, description="Who answers for this connection."
    )
    description: Annotated[Message | None, IN_PLACE] = Field(
        default=None, description="What it is for."
    )
    connect: Annotated[Literal["lazy", "eager"], IN_PLACE] = Field(
        default="lazy", description="Connect on first use, or at start."
    )
    drain: Annotated[DrainConfig, IN_PLACE] = Field(
        default_factory=DrainConfig, description=DrainConfig.__doc__
    )
    warmup: Annotated[WarmupConfig, IN_PLACE] = Field(
        default_factory=WarmupConfig, description=WarmupConfig.__doc__
    )
    tls: Annotated[TLSConfig, REPLACE] = Field(
        default_factory=TLSConfig, description=TLSConfig.__doc__
    )

    def files(self) -> tuple[str, ...]:
        """Return the files whose contents belong to this spec, as they were written."""
        named = (self.tls.ca, self.tls.cert, self.tls.key)
        return tuple(dict.fromkeys(plain(name) for name in named if name is not None))
