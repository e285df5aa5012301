"""The planner's lease and the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select, update

from leoflow_runtime.engine.store import Change, Lease, LeaseLost
from leoflow_server.store.bulk import BulkInsert
from leoflow_server.store.prepared import Prepared, Session
from leoflow_server.store.tables import inbox, lease

_NAME = "planner"

_FIND = Prepared(
    select(lease.c.owner, lease.c.epoch, lease.c.expires_at).where(lease.c.name == bindparam("lease_name")),
    [lease.c.owner, lease.c.epoch, lease.c.expires_at],
)
_CREATE = Prepared(
    insert(lease).values(
        name=bindparam("name"),
        owner=bindparam("owner"),
        epoch=bindparam("epoch"),
        expires_at=bindparam("expires_at"),
    )
)
_RENEW = Prepared(
    update(lease)
    .where(lease.c.name == bindparam("lease_name"))
    .values(owner=bindparam("owner"), epoch=bindparam("epoch"), expires_at=bindparam("expires_at"))
)
_ANNOUNCE = BulkInsert(inbox, ["kind", "ref"])
_OLDEST = Prepared(
    select(inbox.c.seq, inbox.c.kind, inbox.c.ref).order_by(inbox.c.seq).limit(bindparam("most")),
    [inbox.c.seq, inbox.c.kind, inbox.c.ref],
)
_TAKE = Prepared(delete(inbox).where(inbox.c.seq <= bindparam("last")))


def acquire(session: Session, owner: str, now: datetime, ttl: timedelta) -> Lease | None:
    """Takes a free or expired lease under a new epoch, renews the owner's own; None: it is another's."""
    found = session.row(_FIND, {"lease_name": _NAME})
    expires_at = now + ttl
    if found is None:
        session.execute(_CREATE, {"name": _NAME, "owner": owner, "epoch": 1, "expires_at": expires_at})
        return Lease(owner=owner, epoch=1, expires_at=expires_at)
    holder, epoch, until = found
    if holder != owner and until > now:
        return None
    if holder != owner:
        epoch += 1
    session.execute(_RENEW, {"lease_name": _NAME, "owner": owner, "epoch": epoch, "expires_at": expires_at})
    return Lease(owner=owner, epoch=epoch, expires_at=expires_at)


def is_anothers(session: Session, owner: str, now: datetime) -> bool:
    """Whether somebody else holds it now."""
    found = session.row(_FIND, {"lease_name": _NAME})
    return found is not None and found[0] != owner and found[2] > now


def release(session: Session, held: Lease, now: datetime) -> None:
    """Ends the lease now; the next owner takes a new epoch. Nothing where it is no longer held."""
    found = session.row(_FIND, {"lease_name": _NAME})
    if found is not None and found[0] == held.owner and found[1] == held.epoch:
        session.execute(
            _RENEW, {"lease_name": _NAME, "owner": held.owner, "epoch": held.epoch, "expires_at": now}
        )


def hold(session: Session, held: Lease) -> None:
    """Raises LeaseLost unless `held` names the current owner and epoch."""
    found = session.row(_FIND, {"lease_name": _NAME})
    if found is None or found[0] != held.owner or found[1] != held.epoch:
        raise LeaseLost(f"the planner's lease is no longer {held.owner!r}, epoch {held.epoch}")


def announce(session: Session, changes: Sequence[Change]) -> None:
    """Inbox rows, in this order."""
    _ANNOUNCE.run(session, [{"kind": change.kind, "ref": change.pk} for change in changes])


def take_inbox(session: Session, limit: int) -> list[Change]:
    rows = session.rows(_OLDEST, {"most": limit})
    if rows:
        session.execute(_TAKE, {"last": rows[-1][0]})
    return [Change(kind=kind, pk=ref, seq=seq) for seq, kind, ref in rows]
