"""SecantusDB's server, without four things that make it slow in tests; patches the pinned version.

- It keeps the replies to 10,000 writes in case that they are retried, and looks at all of them for
  each write: an insert takes five times as long as with none. A driver retries at once, so that a
  few hundred are enough, the oldest first to go.
- It reads a collection's indexes from the disk several times for each operation. Here they are kept
  until a command that may change an index.
- It looks at all documents for `$or` and `$expr`. Here each branch, and what stands beside the
  expression, is looked up by itself, as MongoDB does.
- It reads all that a filter matches, sorts it, and then applies the limit. Here that is read in the
  order of an index, if one has it, and no further than the limit.
"""
import sys
import threading
from itertools import islice

from secantus import server
from secantus.cli import main
from secantus.ordering import sort_docs
from secantus.projection import apply_projection_batch
from secantus.query import matches
from secantus.storage import Storage, _id_key
from secantus.transactions import TransactionRegistry

KEPT_REPLIES = 512
READ_AT_ONCE = 50
INDEX_CHANGES = {
    "collMod",
    "create",
    "createIndexes",
    "deleteIndexes",
    "drop",
    "dropDatabase",
    "dropIndexes",
    "renameCollection",
}


def keep_few_replies(registry):
    replies = registry._retryable
    while len(replies) > KEPT_REPLIES:
        del replies[next(iter(replies))]


class Indexes:
    """The indexes of collections; none is kept while a command may change one."""

    def __init__(self, dispatch, read, mark_multikey):
        self._dispatch = dispatch
        self._read = read
        self._mark_multikey = mark_multikey
        self._kept = {}
        self._lock = threading.Lock()
        self._changing = 0
        self._changes = 0
        self._command = threading.local()

    def dispatch(self, body, context):
        self._command.changes = 0
        if next(iter(body), None) in INDEX_CHANGES:
            self._begin_change()
        try:
            return self._dispatch(body, context)
        finally:
            if self._command.changes > 0:
                self._end_changes()

    def of(self, storage, database, collection):
        found = self._kept.get((database, collection))
        if found is not None:
            return found
        changes = self._changes
        found = list(self._read(storage, database, collection))
        with self._lock:
            if self._changing == 0 and self._changes == changes:
                self._kept[database, collection] = found
        return found

    def mark_multikey(self, storage, database, collection, document, indexes, marked):
        """Marks the indexes of which the document is the first that has an array there."""
        before = len(marked)
        after = self._mark_multikey(storage, database, collection, document, indexes, marked)
        if len(after) > before:
            self._begin_change()
        return after

    def _begin_change(self):
        self._command.changes += 1
        with self._lock:
            self._changing += 1
            self._changes += 1
            self._kept.clear()

    def _end_changes(self):
        with self._lock:
            self._changing -= self._command.changes
            self._changes += 1
            self._kept.clear()


def find(storage, db, coll, filter=None, *, sort=None, skip=0, limit=0, **options):
    let, projection = options.get("let"), options.get("projection")
    others = [name for name, value in options.items() if value and name not in ("let", "projection")]
    found, is_sorted = None, False
    if not others:
        found, is_sorted = candidates(storage, db, coll, filter or {}, sort or {}, let)
    if found is None:
        return find_matching(storage, db, coll, filter, sort=sort, skip=skip, limit=limit, **options)
    if sort and not is_sorted:
        found = sort_docs(list(found), sort)
    documents = list(islice(found, skip, skip + limit if limit > 0 else None))
    return apply_projection_batch(documents, projection, filter) if projection else documents


def candidates(storage, db, coll, filter, sort, let):
    """What matches, and whether it is sorted; None where SecantusDB finds it as well."""
    plain = {name: value for name, value in filter.items() if not name.startswith("$")}
    others = {name: value for name, value in filter.items() if name not in plain}
    if list(others) == ["$or"] and not plain and isinstance(others["$or"], list):
        return distinct(find(storage, db, coll, each, let=let) for each in others["$or"]), False
    if not plain or others.keys() - {"$expr"}:
        return None, False
    in_order = walk(storage, db, coll, plain, sort)
    if in_order is not None:
        return read(in_order, others, let), True
    return (read(find_matching(storage, db, coll, plain), others, let) if others else None), False


def distinct(branches):
    found = {}
    for documents in branches:
        for document in documents:
            found.setdefault(_id_key(document["_id"]), document)
    return iter(found.values())


def read(documents, conditions, let):
    return (each for each in documents if matches(each, conditions, vars=let))


def walk(storage, db, coll, conditions, sort):
    """The documents in the order of an index, a few at a time; None if none has it. No field that is
    sorted by holds an array here."""
    if len(sort) != 1:
        return None
    [(field, direction)] = sort.items()
    bounds = conditions.get(field)
    has_range = isinstance(bounds, dict)
    equal = [name for name in conditions if name != field]
    if has_range and bounds.keys() - {"$gt", "$gte", "$lt", "$lte"}:
        return None
    if any(isinstance(conditions[name], dict) for name in equal):
        return None
    pick = storage._pick_compound_range_index if has_range else storage._pick_compound_eq_index
    storage._refresh_read_snapshot()
    with storage._lock:
        _, key = pick(db, coll, conditions) or (None, {})
        if list(key)[len(equal) :][:1] != [field] or key[field] != direction:
            return None
        ids = list(dict.fromkeys(storage._try_index_id_keys(db, coll, conditions)))
    return walked(storage, db, coll, conditions, ids)


def walked(storage, db, coll, conditions, ids):
    for i in range(0, len(ids), READ_AT_ONCE):
        with storage._lock:
            documents = storage._docs_by_recordids(db, coll, ids[i : i + READ_AT_ONCE])
        yield from read(documents, conditions, None)


indexes = Indexes(server.dispatch, Storage._iter_indexes, Storage._maybe_mark_multikey)
server.dispatch = lambda *args: indexes.dispatch(*args)
Storage._iter_indexes = lambda *args: iter(indexes.of(*args))
Storage._maybe_mark_multikey = lambda *args: indexes.mark_multikey(*args)
find_matching = Storage.find_matching
Storage.find_matching = find
TransactionRegistry._prune_retryable_locked = keep_few_replies

sys.exit(main())
