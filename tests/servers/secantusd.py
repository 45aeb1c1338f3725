"""SecantusDB's server, without three things that make it slow in tests; patches the pinned version.

- It keeps the replies to 10,000 writes in case that they are retried, and looks at all of them for
  each write: an insert takes five times as long as with none. A driver retries at once, so that a
  few hundred are enough, the oldest first to go.
- It reads a collection's indexes from the disk several times for each operation. Here they are kept
  until a command that may change an index.
- It looks at all documents for `$or`. Here each branch is looked up by itself, as MongoDB does.
"""
import sys
import threading

from secantus import server
from secantus.cli import main
from secantus.projection import apply_projection_batch
from secantus.storage import Storage, _id_key
from secantus.transactions import TransactionRegistry

KEPT_REPLIES = 512
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


def find_branches(find, storage, db, coll, filter=None, *, projection=None, let=None, **options):
    """Finds documents by the branches of a filter that is nothing but `$or`."""
    branches = filter.get("$or") if filter and len(filter) == 1 else None
    if not isinstance(branches, list) or any(options.values()):
        return find(storage, db, coll, filter, projection=projection, let=let, **options)
    found = {}
    for branch in branches:
        for document in find(storage, db, coll, branch, let=let):
            found.setdefault(_id_key(document["_id"]), document)
    documents = list(found.values())
    return apply_projection_batch(documents, projection, filter) if projection else documents


indexes = Indexes(server.dispatch, Storage._iter_indexes, Storage._maybe_mark_multikey)
server.dispatch = lambda *args: indexes.dispatch(*args)
Storage._iter_indexes = lambda *args: iter(indexes.of(*args))
Storage._maybe_mark_multikey = lambda *args: indexes.mark_multikey(*args)
find_matching = Storage.find_matching
Storage.find_matching = lambda *args, **options: find_branches(find_matching, *args, **options)
TransactionRegistry._prune_retryable_locked = keep_few_replies

sys.exit(main())
