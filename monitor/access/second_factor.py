"""The second factor: time-based codes, each good once, and recovery codes for a lost telephone.

A dynamic password in the sense of GB/T 22239 8.1.4.1 d; it does not claim to follow GM/T 0021.
"""

import secrets
from datetime import datetime

import pyotp
from sqlalchemy import update
from sqlalchemy.orm import Session

from monitor.errors import Invalid
from monitor.privacy import Keyring, hash_token
from monitor.tables import Credential

ISSUER = "低收入人口动态监测"
STEP_SECONDS = 30
RECOVERY_CODES = 10
_ABOUT = "credentials.totp"


def propose(credential: Credential, *, name: str, keyring: Keyring) -> str:
    """Make a new secret that waits for its first code, and return it as the address an authenticator app reads."""
    secret = pyotp.random_base32()
    credential.totp_proposed = keyring.encrypt(secret, about=_ABOUT)
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def confirm(session: Session, credential: Credential, code: str, *, keyring: Keyring, now: datetime) -> list[str]:
    """Put the proposed secret in force by its first code and return ten recovery codes, shown this once."""
    if credential.totp_proposed is None:
        raise Invalid(zh="请先申请绑定动态码", en="ask for a second factor first")
    step = _step(keyring.decrypt(credential.totp_proposed, about=_ABOUT), code, now)
    if step is None:
        raise Invalid(zh="动态码不对，请核对手机时间后重试", en="wrong code: look at the telephone's clock, then again")
    credential.totp, credential.totp_proposed, credential.totp_step = credential.totp_proposed, None, step
    codes = [f"{secrets.token_hex(5)}-{secrets.token_hex(5)}" for _ in range(RECOVERY_CODES)]
    credential.recovery = [hash_token(code) for code in codes]
    session.flush()
    return codes


def spend(session: Session, credential: Credential, code: str, *, keyring: Keyring, now: datetime) -> bool:
    """Return whether ``code`` is the account's, and use it up: the same code never proves anything twice."""
    hashed = hash_token(code.strip().lower())
    if hashed in credential.recovery:
        credential.recovery = [kept for kept in credential.recovery if kept != hashed]
        session.flush()
        return True
    if credential.totp is None:
        return False
    step = _step(keyring.decrypt(credential.totp, about=_ABOUT), code, now)
    if step is None:
        return False
    newer = update(Credential).where(Credential.worker_id == credential.worker_id, Credential.totp_step < step)
    return session.execute(newer.values(totp_step=step).returning(Credential.worker_id)).first() is not None


def remove(credential: Credential) -> None:
    """Take the second factor away: a lost telephone and lost recovery codes."""
    credential.totp = credential.totp_proposed = None
    credential.recovery = []


def _step(secret: str, code: str, now: datetime) -> int | None:
    """The time step that ``code`` is of: this one, or one to either side."""
    totp, step = pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    right = [
        each for each in (step - 1, step, step + 1) if secrets.compare_digest(totp.generate_otp(each), code.strip())
    ]
    return right[-1] if right else None
