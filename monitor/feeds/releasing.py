"""A person lets a held delivery in."""

from monitor import database
from monitor.feeds.drafts import Decision, Desk, Terms
from monitor.feeds.files import Arrival
from monitor.feeds.holding import find_held, original
from monitor.feeds.receipts import Receipt, original_path
from monitor.feeds.receiving import prepare, told
from monitor.feeds.storing import commit


def release(desk: Desk, decision: Decision) -> Receipt:
    """Read the kept original again and commit it as it stands; limits were judged and a person has answered them."""
    with database.reading(desk.service.engine) as session:
        held = find_held(session, decision.delivery_id)
        name, data = original(desk.service, held)
    terms = Terms(held.received_on, feed=held.feed, mode=held.mode, vouched=True)
    draft = prepare(desk, Arrival(name, data, held.sha256, None), terms)
    receipt = told(desk, draft, commit(desk, draft, decision=decision))
    original_path(desk.service, decision.delivery_id).unlink(missing_ok=True)
    return receipt
