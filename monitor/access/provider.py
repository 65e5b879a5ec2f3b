"""Signing in through the city's own identity provider: OpenID Connect, authorization code with PKCE.

The provider says who somebody is; what they may see is decided here. What must survive the way there and back (state,
nonce, verifier) travels in a cookie that only this installation can read.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from monitor.errors import Invalid, Unproven
from monitor.privacy import Keyring
from monitor.settings import Settings

LASTS = 600.0
CALLBACK = "/api/v1/session/oidc/callback"
ALGORITHMS = ["RS256", "ES256", "PS256"]
_ABOUT, _SECONDS = "cookie.oidc", 10.0
_STRONG = frozenset({"mfa", "otp", "hwk", "sc"})


@dataclass(frozen=True)
class Known:
    """Whom the provider vouches for: its own name for them, their login, whether by more than a password."""

    subject: str
    login: str
    second: bool


def begin(settings: Settings, keyring: Keyring, *, here: str) -> tuple[str, str]:
    """Return the provider's address to send a browser to, and what its cookie must hold until it comes back."""
    kept = {"nonce": secrets.token_urlsafe(24), "verifier": secrets.token_urlsafe(48)}
    with _client(settings, here) as client:
        address, state = client.create_authorization_url(
            _discovered(settings)["authorization_endpoint"], nonce=kept["nonce"], code_verifier=kept["verifier"]
        )
    return address, keyring.encrypt_json(kept | {"state": state, "until": time.time() + LASTS}, about=_ABOUT).hex()


def finish(settings: Settings, keyring: Keyring, *, here: str, cookie: str, answer: dict[str, str]) -> Known:
    """Return whom the provider's ``answer`` vouches for; refuses one not asked for, late or not its own."""
    try:
        kept = keyring.decrypt_json(bytes.fromhex(cookie), about=_ABOUT)
    except (Invalid, ValueError):
        raise _refused() from None
    if kept["until"] < time.time() or not secrets.compare_digest(kept["state"], answer.get("state", "")):
        raise _refused()
    found = _discovered(settings)
    try:
        with _client(settings, here) as client:
            token = client.fetch_token(
                found["token_endpoint"], code=answer.get("code", ""), code_verifier=kept["verifier"]
            )
        keys = KeySet.import_key_set(httpx.get(found["jwks_uri"], timeout=_SECONDS).raise_for_status().json())
        claims = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS).claims
        _claims(settings, kept["nonce"]).validate(claims)
    except (AuthlibBaseError, JoseError, httpx.HTTPError, KeyError, ValueError) as error:
        raise _refused() from error
    second = bool(_STRONG & set(claims.get("amr", [])))
    return Known(f"{claims['iss']}#{claims['sub']}", str(claims.get("preferred_username") or claims["sub"]), second)


def _claims(settings: Settings, nonce: str) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        leeway=30,
        iss={"essential": True, "value": settings.oidc_issuer or ""},
        aud={"essential": True, "value": settings.oidc_client or ""},
        nonce={"essential": True, "value": nonce},
        exp={"essential": True},
        sub={"essential": True},
    )


def _client(settings: Settings, here: str) -> Any:
    secret = settings.oidc_secret.read_text(encoding="utf-8").strip() if settings.oidc_secret else None
    # Loaded where a provider is used: it warns of what only its authors can change, at every start.
    from authlib.integrations.httpx_client import OAuth2Client

    return OAuth2Client(
        settings.oidc_client, secret, scope="openid profile", redirect_uri=f"{here}{CALLBACK}",
        code_challenge_method="S256", timeout=_SECONDS,
    )  # fmt: skip


def _discovered(settings: Settings) -> dict[str, Any]:
    if settings.oidc_issuer is None or settings.oidc_client is None:
        raise Invalid(
            zh="未配置统一身份认证（LOWINCOME_OIDC_ISSUER 等）",
            en="no provider is set: LOWINCOME_OIDC_ISSUER, _CLIENT",
        )
    try:
        address = f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration"
        found: dict[str, Any] = httpx.get(address, timeout=_SECONDS).raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise Unproven(
            zh="统一身份认证暂时不可用，请稍后再试或用账号登录", en="the provider does not answer: try later"
        ) from error
    if found.get("issuer") != settings.oidc_issuer:
        raise _refused()
    return found


def _refused() -> Unproven:
    return Unproven(zh="统一身份认证未通过，请重新登录", en="the provider's answer does not hold: sign in again")
