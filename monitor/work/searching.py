"""Search by name, sound, initials, last four digits, a whole number, a household's number; nothing typed is kept."""

from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from monitor.access import Viewer, scope
from monitor.errors import Invalid
from monitor.matching import finding
from monitor.matching.exact import ABOUT_ID_NO
from monitor.matching.ids import normalise
from monitor.privacy import Keyring
from monitor.tables import Household, Member, Person, SearchToken

MOST = 200
_READ = 2_000


def people(session: Session, text: str, *, viewer: Viewer, keyring: Keyring) -> tuple[int, ...]:
    """Return the people of ``viewer``'s region whom ``text`` may mean, at most 200, in the order of the register.

    Refuses a text too short to seek by. Whoever it finds bears the name or the number today.
    """
    exact = Household.household_no == text.strip()
    whole = normalise(text).number
    if whole is not None:
        exact = or_(exact, Person.id_index == keyring.blind_index(whole))
    found = list(session.scalars(_in_region(viewer).where(exact).with_only_columns(Person.id).limit(MOST)))
    tokens = finding.tokens_for(text, keyring)
    if not tokens and not found and whole is None:
        raise Invalid(
            zh="请输入至少两个字、两个拼音字母、证件后四位或完整证件号码",
            en="type two characters at least, pinyin, the last four digits, or the whole number",
        )
    return tuple(dict.fromkeys([*found, *_by_tokens(session, text, tokens, viewer, keyring)]))[:MOST]


def _in_region(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    theirs = select(Person.id).join(Member, Member.person_id == Person.id)
    theirs = theirs.join(Household, Household.id == Member.household_id).where(Member.until_on.is_(None))
    return scope(theirs, viewer, of=Household)


def _by_tokens(session: Session, text: str, tokens: list[int], viewer: Viewer, keyring: Keyring) -> list[int]:
    chosen = _in_region(viewer).join(SearchToken, SearchToken.person_id == Person.id)
    chosen = chosen.where(SearchToken.token.in_(tokens)).distinct().limit(_READ)
    rows = session.execute(chosen.with_only_columns(Person.id, Person.name, Person.id_no)).all()
    found: list[int] = []
    for row in rows:
        name = keyring.decrypt(row.name, about=finding.ABOUT_NAME) if row.name is not None else None
        number = keyring.decrypt(row.id_no, about=ABOUT_ID_NO) if row.id_no is not None else None
        if finding.is_meant(text, name, number):
            found.append(row.id)
        if len(found) == MOST:
            break
    return sorted(found)
