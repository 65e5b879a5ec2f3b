"""A real identity provider: Authlib's authorization server with OpenID Connect, served over HTTP on a free port."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc6749.models import AuthorizationCodeMixin
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode, UserInfo
from flask import Flask, jsonify
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "lowincome", "provider-secret"


class Client(ClientMixin):
    """The one client: this service."""

    def __init__(self, back: str) -> None:
        self.client_id, self._back = CLIENT, back

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return self._back

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self._back

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(client_secret, SECRET)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint != "token" or method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class Code(dict[str, Any], AuthorizationCodeMixin):  # type: ignore[misc]
    """A code given out, good once."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name)

    def get_redirect_uri(self) -> str:
        return str(self["redirect_uri"])

    def get_scope(self) -> str:
        return str(self["scope"])

    def get_nonce(self) -> str:
        return str(self["nonce"])

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> list[str]:
        return list(self["amr"])


class Provider:
    """The provider: whoever comes is ``person``; ``twist`` changes what its tokens say."""

    def __init__(self, back: str) -> None:
        self.person, self.login, self.amr = "u-7", "lin", ["pwd", "otp"]
        self.twist: dict[str, Any] = {}
        self.issuer = ""
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
        self.shown = self.key
        self.codes: dict[str, Code] = {}
        self.app = Flask("identity")
        self.server = AuthorizationServer(
            self.app, query_client=lambda which: Client(back) if which == CLIENT else None, save_token=lambda *_: None
        )
        with_identity = _identity(self)(require_nonce=True)
        self.server.register_grant(_by_code(self), [with_identity, CodeChallenge(required=True)])
        for path, view in (
            ("/authorize", self.authorize), ("/jwks", self.jwks), ("/.well-known/openid-configuration", self.described),
        ):  # fmt: skip
            self.app.add_url_rule(path, path, view)
        self.app.add_url_rule("/token", "token", lambda: self.server.create_token_response(), methods=["POST"])

    def authorize(self) -> Any:
        grant = self.server.get_consent_grant(end_user=self.person)
        return self.server.create_authorization_response(grant_user=self.person, grant=grant)

    def jwks(self) -> Any:
        return jsonify(KeySet([self.shown]).as_dict(private=False))

    def described(self) -> Any:
        return jsonify(
            issuer=self.issuer, authorization_endpoint=f"{self.issuer}/authorize",
            token_endpoint=f"{self.issuer}/token", jwks_uri=f"{self.issuer}/jwks",
        )  # fmt: skip


def _by_code(provider: Provider) -> type[grants.AuthorizationCodeGrant]:
    class ByCode(grants.AuthorizationCodeGrant):
        """Codes are kept in memory."""

        def save_authorization_code(self, code: str, request: Any) -> None:
            sent = request.payload.data
            provider.codes[code] = Code(
                code=code, redirect_uri=request.payload.redirect_uri, scope=request.payload.scope, amr=provider.amr,
                nonce=sent.get("nonce"), code_challenge=sent.get("code_challenge"),
                code_challenge_method=sent.get("code_challenge_method"),
            )  # fmt: skip

        def query_authorization_code(self, code: str, client: Any) -> Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            provider.codes.pop(authorization_code["code"])

        def authenticate_user(self, authorization_code: Code) -> str:
            return provider.person

    return ByCode


def _identity(provider: Provider) -> type[OpenIDCode]:
    class WithIdentity(OpenIDCode):
        """The identity token, as the provider is told to twist it."""

        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return False

        def resolve_client_private_key(self, client: Any) -> Any:
            return provider.key

        def get_client_claims(self, client: Any) -> dict[str, Any]:
            return {"iss": provider.issuer}

        def get_client_algorithm(self, client: Any) -> str:
            return "RS256"

        def generate_user_info(self, user: str, scope: str) -> UserInfo:
            return UserInfo(sub=user, preferred_username=provider.login)

        def encode_id_token(self, token: Any, request: Any) -> str:
            claims = self.get_compatible_claims(request) | self.generate_user_info(provider.person, "openid")
            claims |= {"amr": provider.amr, "nonce": request.authorization_code.get_nonce()} | provider.twist
            return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, provider.key)

        def get_compatible_claims(self, request: Any) -> dict[str, Any]:
            now = int(time.time())
            return {"iss": provider.issuer, "aud": CLIENT, "iat": now, "exp": now + 300}

    return WithIdentity


@contextmanager
def provided(back: str) -> Iterator[Provider]:
    """Serve a provider for the client at ``back``, on plain http of this machine."""
    provider = Provider(back)
    server = make_server("127.0.0.1", 0, provider.app, threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
