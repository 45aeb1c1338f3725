/**
 * The embedded database's tables, as migrations: entry n takes `user_version` from n to n + 1. They
 * may call `name_words(text)`, the words of a name as JSON, and write to what full-text tables are
 * made of.
 */

/**
 * What messages are found by: words, beginnings and pairs, as the tokenizer of ASCII leaves them. It
 * keeps no texts, and no places in them.
 */
export const SEARCH_TERMS = `CREATE VIRTUAL TABLE search_terms USING fts5(
    terms, content='', contentless_delete=1, detail=none, tokenize='ascii')`;

/** Of new tables: `SearchSegments` alone merges segments. */
export const NO_SEARCH_MERGES =
  "INSERT INTO search_terms (search_terms, rank) VALUES ('automerge', 0)";

/** The messages in the index, by numbers that rise with their moments. */
export const SEARCH_MESSAGES = `CREATE TABLE search_messages (
    key INTEGER PRIMARY KEY,
    room INTEGER NOT NULL REFERENCES rooms (key),
    seq INTEGER NOT NULL,
    UNIQUE (room, seq)
  ) STRICT`;

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    display_name TEXT NOT NULL,
    avatar_url TEXT,
    onboarding_completed INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE rooms (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    description TEXT,
    created_by TEXT NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX rooms_by_name ON rooms (name, id);

  -- Clustered by (room, seq), so that history and recovery read one contiguous range.
  CREATE TABLE messages (
    room_id TEXT NOT NULL REFERENCES rooms (id),
    seq INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    sender_id TEXT NOT NULL REFERENCES users (id),
    text TEXT NOT NULL,
    system INTEGER NOT NULL,
    client_message_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (room_id, seq),
    UNIQUE (room_id, sender_id, client_message_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    generation INTEGER NOT NULL,
    rotations TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_by_expiry ON sessions (expires_at);
  `,
  // Integer keys inside, and an index on clientMessageId first: half of what an insert cost. Ordinals;
  // so far each entry is a message. Indexes are made after the rows, which sorts once.
  `
  ALTER TABLE users RENAME TO users_1;
  CREATE TABLE users (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    display_name TEXT NOT NULL,
    avatar_url TEXT,
    onboarding_completed INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  INSERT INTO users (id, email, password_hash, display_name, avatar_url, onboarding_completed,
      created_at, updated_at)
    SELECT id, email, password_hash, display_name, avatar_url, onboarding_completed, created_at,
      updated_at FROM users_1 ORDER BY id;

  ALTER TABLE rooms RENAME TO rooms_1;
  DROP INDEX rooms_by_name;
  CREATE TABLE rooms (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    description TEXT,
    creator INTEGER NOT NULL REFERENCES users (key),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX rooms_by_name ON rooms (name, id);
  INSERT INTO rooms (id, name, slug, description, creator, created_at, updated_at)
    SELECT r.id, name, slug, description, u.key, r.created_at, r.updated_at
    FROM rooms_1 r JOIN users u ON u.id = r.created_by ORDER BY r.id;

  ALTER TABLE messages RENAME TO messages_1;
  -- A message, and at the same time the entry that created it. Clustered by (room, seq), so that
  -- history and recovery read one contiguous range.
  CREATE TABLE messages (
    room INTEGER NOT NULL REFERENCES rooms (key),
    seq INTEGER NOT NULL,
    n INTEGER NOT NULL,
    id TEXT NOT NULL,
    sender INTEGER NOT NULL REFERENCES users (key),
    text TEXT NOT NULL,
    system INTEGER NOT NULL,
    client_message_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (room, seq)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO messages
    SELECT r.key, m.seq, m.seq, m.id, u.key, m.text, m.system, m.client_message_id, m.created_at,
      m.updated_at
    FROM messages_1 m JOIN rooms r ON r.id = m.room_id JOIN users u ON u.id = m.sender_id
    ORDER BY m.room_id, m.seq;
  -- Ids that begin with the time are added side by side at the end of an index, and a commit writes
  -- a page or two for all its messages. Ordered by room, an index would have a page for each.
  CREATE UNIQUE INDEX messages_by_id ON messages (id);
  CREATE UNIQUE INDEX messages_by_client_message_id
    ON messages (client_message_id, sender, room);

  ALTER TABLE sessions RENAME TO sessions_1;
  DROP INDEX sessions_by_expiry;
  CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user INTEGER NOT NULL REFERENCES users (key),
    generation INTEGER NOT NULL,
    rotations TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_by_expiry ON sessions (expires_at);
  INSERT INTO sessions
    SELECT s.id, u.key, generation, rotations, s.created_at, expires_at, revoked_at
    FROM sessions_1 s JOIN users u ON u.id = s.user_id;

  DROP TABLE sessions_1;
  DROP TABLE messages_1;
  DROP TABLE rooms_1;
  DROP TABLE users_1;
  `,
  // Entries that change messages. A plain message is inserted as before: the new columns are NULL, and
  // the indexes on them do not hold it.
  `
  -- What few messages have, as JSON.
  ALTER TABLE messages ADD COLUMN details TEXT;
  ALTER TABLE messages ADD COLUMN request TEXT;
  -- The number of the message that its chain of answers begins with.
  ALTER TABLE messages ADD COLUMN thread_seq INTEGER;
  -- The number of the entry that pinned it.
  ALTER TABLE messages ADD COLUMN pinned_seq INTEGER;
  CREATE INDEX messages_by_thread ON messages (room, thread_seq, seq) WHERE thread_seq IS NOT NULL;
  CREATE INDEX messages_by_pin ON messages (room, pinned_seq) WHERE pinned_seq IS NOT NULL;

  -- The entries that change a message; they share their numbers and clientMessageIds with messages.
  CREATE TABLE changes (
    room INTEGER NOT NULL REFERENCES rooms (key),
    seq INTEGER NOT NULL,
    n INTEGER NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    message_seq INTEGER NOT NULL,
    actor INTEGER NOT NULL REFERENCES users (key),
    client_message_id TEXT NOT NULL,
    request TEXT,
    created_at INTEGER NOT NULL,
    -- The reactions that it added and removed, as JSON.
    reactions TEXT,
    PRIMARY KEY (room, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX changes_by_client_message_id
    ON changes (client_message_id, actor, room);

  -- The texts that messages had, by the entries that they came with.
  CREATE TABLE edits (
    room INTEGER NOT NULL REFERENCES rooms (key),
    message_seq INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    text TEXT NOT NULL,
    edited_at INTEGER,
    PRIMARY KEY (room, message_seq, seq)
  ) STRICT, WITHOUT ROWID;

  -- By the entries that added them.
  CREATE TABLE reactions (
    room INTEGER NOT NULL REFERENCES rooms (key),
    message_seq INTEGER NOT NULL,
    user INTEGER NOT NULL REFERENCES users (key),
    emoji TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (room, message_seq, user, emoji)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX reactions_by_emoji ON reactions (room, message_seq, emoji, seq);

  -- Whom messages name or answer; user 0 is everybody.
  CREATE TABLE mentions (
    room INTEGER NOT NULL REFERENCES rooms (key),
    seq INTEGER NOT NULL,
    user INTEGER NOT NULL,
    PRIMARY KEY (room, seq, user)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX mentions_by_user ON mentions (user, room, seq);

  -- Who has written to a room is a member, and has read all that there is.
  CREATE TABLE members (
    user INTEGER NOT NULL REFERENCES users (key),
    room INTEGER NOT NULL REFERENCES rooms (key),
    role TEXT NOT NULL,
    read_seq INTEGER NOT NULL,
    PRIMARY KEY (user, room)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO members
    SELECT r.creator, r.key, 'owner', coalesce((SELECT max(seq) FROM messages WHERE room = r.key), 0)
    FROM rooms r;
  INSERT INTO members
    SELECT DISTINCT m.sender, m.room, 'member', (SELECT max(seq) FROM messages WHERE room = m.room)
    FROM messages m WHERE true ON CONFLICT DO NOTHING;
  `,
  // The text that an edit replaces is kept in the edit's own row. A table of earlier texts, ordered by
  // message, cost an edit a row more, and a commit a page for nearly every message that was edited.
  // Rows that are only added at the end of a table and never grow are never moved either.
  `
  DROP INDEX changes_by_client_message_id;
  ALTER TABLE changes RENAME TO changes_3;
  CREATE TABLE changes (
    key INTEGER PRIMARY KEY,
    room INTEGER NOT NULL REFERENCES rooms (key),
    seq INTEGER NOT NULL,
    n INTEGER NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    message_seq INTEGER NOT NULL,
    actor INTEGER NOT NULL REFERENCES users (key),
    client_message_id TEXT NOT NULL,
    request TEXT,
    created_at INTEGER NOT NULL,
    -- The reactions that it added and removed, as JSON.
    reactions TEXT,
    -- The text that it replaced, and the entry that this came with; until the message is deleted.
    earlier_seq INTEGER,
    earlier_text TEXT,
    earlier_edited_at INTEGER
  ) STRICT;
  INSERT INTO changes (room, seq, n, id, kind, message_seq, actor, client_message_id, request,
      created_at, reactions, earlier_seq, earlier_text, earlier_edited_at)
    SELECT c.room, c.seq, c.n, c.id, c.kind, c.message_seq, c.actor, c.client_message_id, c.request,
      c.created_at, c.reactions, e.seq, e.text, e.edited_at
    FROM changes_3 c
      JOIN messages m ON m.room = c.room AND m.seq = c.message_seq
      -- The last one before a change that brought a text: the present one, or one in this table.
      LEFT JOIN edits e ON e.room = c.room AND e.message_seq = c.message_seq AND e.seq = (
        SELECT max(seq) FROM edits
        WHERE room = c.room AND message_seq = c.message_seq AND seq < c.seq
      ) AND (m.details ->> 'textSeq' = c.seq OR EXISTS (
        SELECT 1 FROM edits WHERE room = c.room AND message_seq = c.message_seq AND seq = c.seq))
    ORDER BY c.room, c.seq;
  DROP TABLE edits;
  DROP TABLE changes_3;
  CREATE UNIQUE INDEX changes_by_seq ON changes (room, seq);
  CREATE UNIQUE INDEX changes_by_client_message_id
    ON changes (client_message_id, actor, room);
  `,
  // Rooms with members. All rooms so far are public; members joined with their first message.
  `
  ALTER TABLE rooms ADD COLUMN type TEXT NOT NULL DEFAULT 'public';
  ALTER TABLE rooms ADD COLUMN post_policy TEXT NOT NULL DEFAULT 'members';
  ALTER TABLE rooms ADD COLUMN slow_mode_seconds INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE rooms ADD COLUMN archived_at INTEGER;
  ALTER TABLE rooms ADD COLUMN metadata TEXT;
  ALTER TABLE rooms ADD COLUMN member_count INTEGER NOT NULL DEFAULT 0;

  ALTER TABLE members RENAME TO members_4;
  CREATE TABLE members (
    user INTEGER NOT NULL REFERENCES users (key),
    room INTEGER NOT NULL REFERENCES rooms (key),
    -- NULL of who is no member: the row is there for a ban or mute alone.
    role TEXT,
    read_seq INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    -- As JSON.
    ban TEXT,
    mute TEXT,
    PRIMARY KEY (user, room)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO members (user, room, role, read_seq, joined_at)
    SELECT m.user, m.room, m.role, m.read_seq, coalesce(first.at, r.created_at)
    FROM members_4 m JOIN rooms r ON r.key = m.room
      LEFT JOIN (SELECT room, sender, min(created_at) AS at FROM messages GROUP BY room, sender) first
        ON first.room = m.room AND first.sender = m.user;
  DROP TABLE members_4;
  CREATE INDEX members_by_room ON members (room, joined_at, user) WHERE role IS NOT NULL;
  UPDATE rooms SET member_count =
    (SELECT count(*) FROM members WHERE room = rooms.key AND role IS NOT NULL);
  CREATE TRIGGER member_added AFTER INSERT ON members WHEN NEW.role IS NOT NULL BEGIN
    UPDATE rooms SET member_count = member_count + 1 WHERE key = NEW.room;
  END;
  CREATE TRIGGER member_changed AFTER UPDATE OF role ON members
    WHEN (OLD.role IS NULL) <> (NEW.role IS NULL) BEGIN
    UPDATE rooms SET member_count = member_count + iif(NEW.role IS NULL, -1, 1) WHERE key = NEW.room;
  END;
  CREATE TRIGGER member_removed AFTER DELETE ON members WHEN OLD.role IS NOT NULL BEGIN
    UPDATE rooms SET member_count = member_count - 1 WHERE key = OLD.room;
  END;
  `,
  // The accounts' streams. Members so far were made so in the order in which they joined.
  `
  -- Why the membership has ended.
  ALTER TABLE members ADD COLUMN removal TEXT;
  -- Whether \`read_seq\` has changed since the account's item of it got its number.
  ALTER TABLE members ADD COLUMN read_pending INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX members_by_pending ON members (user) WHERE read_pending = 1;

  -- What has changed of accounts, each key's last number. What an item tells is read where it is kept.
  CREATE TABLE account_items (
    user INTEGER NOT NULL REFERENCES users (key),
    seq INTEGER NOT NULL,
    key TEXT NOT NULL,
    -- Why a membership has ended.
    removal TEXT,
    numbered_at INTEGER NOT NULL,
    PRIMARY KEY (user, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX account_items_by_key ON account_items (user, key);
  INSERT INTO account_items
    SELECT m.user, row_number() OVER (PARTITION BY m.user ORDER BY m.joined_at, m.room),
      'room:' || r.id, NULL, m.joined_at
    FROM members m JOIN rooms r ON r.key = m.room WHERE m.role IS NOT NULL;

  -- An insertion into this view gives an item the account's next number; an item that has one moves.
  CREATE VIEW account_numbers AS SELECT user, key, removal FROM account_items;
  CREATE TRIGGER account_item_numbered INSTEAD OF INSERT ON account_numbers BEGIN
    INSERT INTO account_items (user, seq, key, removal, numbered_at)
      SELECT NEW.user, 1 + coalesce((SELECT max(seq) FROM account_items WHERE user = NEW.user), 0),
        NEW.key, NEW.removal, CAST(unixepoch('subsec') * 1000 AS INTEGER)
      WHERE true
      ON CONFLICT (user, key) DO UPDATE SET seq = excluded.seq, removal = excluded.removal,
        numbered_at = excluded.numbered_at;
  END;
  CREATE TRIGGER account_room_added AFTER INSERT ON members WHEN NEW.role IS NOT NULL BEGIN
    INSERT INTO account_numbers SELECT NEW.user, 'room:' || id, NULL FROM rooms WHERE key = NEW.room;
  END;
  CREATE TRIGGER account_room_changed AFTER UPDATE OF role ON members
    WHEN OLD.role IS NOT NEW.role BEGIN
    INSERT INTO account_numbers
      SELECT NEW.user, 'room:' || id, iif(NEW.role IS NULL, NEW.removal, NULL)
      FROM rooms WHERE key = NEW.room;
  END;
  CREATE TRIGGER account_room_deleted AFTER DELETE ON members WHEN OLD.role IS NOT NULL BEGIN
    INSERT INTO account_numbers
      SELECT OLD.user, 'room:' || id, 'deleted' FROM rooms WHERE key = OLD.room;
  END;
  CREATE TRIGGER account_profile_changed
    AFTER UPDATE OF display_name, avatar_url, onboarding_completed ON users BEGIN
    INSERT INTO account_numbers VALUES (NEW.key, 'profile', NULL);
  END;
  `,
  // Roles on the server and bans from it; people are found by the words of their names.
  `
  ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'member';
  -- As JSON.
  ALTER TABLE users ADD COLUMN ban TEXT;
  CREATE INDEX users_by_role ON users (role) WHERE role = 'admin';
  CREATE INDEX sessions_by_user ON sessions (user);
  CREATE TABLE user_words (
    word TEXT NOT NULL,
    user INTEGER NOT NULL REFERENCES users (key),
    PRIMARY KEY (word, user)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX user_words_by_user ON user_words (user);
  INSERT INTO user_words
    SELECT DISTINCT word.value, u.key FROM users u, json_each(name_words(u.display_name)) word;
  `,
  // Direct rooms, blocks, what members want of their rooms, and invitations.
  `
  -- The ids of the two of a direct room, in order.
  ALTER TABLE rooms ADD COLUMN pair TEXT;
  CREATE UNIQUE INDEX rooms_by_pair ON rooms (pair) WHERE pair IS NOT NULL;

  ALTER TABLE members ADD COLUMN notifications TEXT NOT NULL DEFAULT 'all';
  -- The ordinal of the last message when it was hidden: it is hidden while this is the last one.
  ALTER TABLE members ADD COLUMN hidden_n INTEGER;

  CREATE TABLE blocks (
    user INTEGER NOT NULL REFERENCES users (key),
    blocked INTEGER NOT NULL REFERENCES users (key),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user, blocked)
  ) STRICT, WITHOUT ROWID;

  CREATE TRIGGER account_preferences_changed AFTER UPDATE OF notifications, hidden_n ON members
    WHEN NEW.role IS NOT NULL AND (OLD.notifications <> NEW.notifications
      OR OLD.hidden_n IS NOT NEW.hidden_n) BEGIN
    INSERT INTO account_numbers SELECT NEW.user, 'room:' || id, NULL FROM rooms WHERE key = NEW.room;
  END;
  CREATE TRIGGER account_blocked AFTER INSERT ON blocks BEGIN
    INSERT INTO account_numbers SELECT NEW.user, 'block:' || id, NULL FROM users
      WHERE key = NEW.blocked;
  END;
  CREATE TRIGGER account_unblocked AFTER DELETE ON blocks BEGIN
    INSERT INTO account_numbers SELECT OLD.user, 'block:' || id, NULL FROM users
      WHERE key = OLD.blocked;
  END;

  CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    room INTEGER NOT NULL REFERENCES rooms (key),
    code_hash TEXT NOT NULL UNIQUE,
    creator INTEGER NOT NULL REFERENCES users (key),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    max_uses INTEGER,
    uses INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX invitations_by_room ON invitations (room, id);
  -- Counted uses of users of whom it is not known yet that they have become members.
  CREATE TABLE invitation_claims (
    invitation TEXT NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES users (key),
    PRIMARY KEY (invitation, user)
  ) STRICT, WITHOUT ROWID;
  `,
  // Reports, and the record of what moderators and admins have done. Both outlive their rooms.
  `
  CREATE TABLE reports (
    id TEXT PRIMARY KEY,
    room TEXT NOT NULL,
    reporter TEXT NOT NULL,
    message_id TEXT NOT NULL,
    -- The message as it was, as JSON.
    message TEXT NOT NULL,
    reason TEXT NOT NULL,
    comment TEXT,
    state TEXT NOT NULL,
    note TEXT,
    closed_by TEXT,
    closed_at INTEGER,
    created_at INTEGER NOT NULL,
    UNIQUE (message_id, reporter)
  ) STRICT;
  CREATE INDEX reports_by_state ON reports (state, id);
  CREATE INDEX reports_by_room ON reports (room, id);
  CREATE INDEX reports_by_closing ON reports (closed_at) WHERE closed_at IS NOT NULL;

  CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    action TEXT NOT NULL,
    actor TEXT,
    room TEXT,
    is_private INTEGER NOT NULL,
    -- As JSON.
    users TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX audit_by_room ON audit (room, id);
  CREATE INDEX audit_by_actor ON audit (actor, id);
  CREATE INDEX audit_by_action ON audit (action, id);
  CREATE INDEX audit_by_privacy ON audit (is_private, id);
  CREATE TRIGGER audit_changed BEFORE UPDATE ON audit BEGIN
    SELECT raise(ABORT, 'the audit log is only added to');
  END;
  CREATE TRIGGER audit_deleted BEFORE DELETE ON audit BEGIN
    SELECT raise(ABORT, 'the audit log is only added to');
  END;

  CREATE TRIGGER account_role_changed AFTER UPDATE OF role ON users WHEN OLD.role <> NEW.role BEGIN
    INSERT INTO account_numbers VALUES (NEW.key, 'profile', NULL);
  END;
  `,
  // Slow mode, and rooms that were deleted.
  `
  ALTER TABLE rooms ADD COLUMN slow_mode_seq INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE rooms ADD COLUMN deleted_at INTEGER;
  -- When what it held was gone.
  ALTER TABLE rooms ADD COLUMN purged_at INTEGER;
  CREATE INDEX rooms_to_purge ON rooms (deleted_at) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
  ALTER TABLE members ADD COLUMN last_send_seq INTEGER;
  ALTER TABLE members ADD COLUMN last_send_at INTEGER;
  CREATE INDEX members_restricted ON members (room, user) WHERE ban IS NOT NULL OR mute IS NOT NULL;
  `,
  // Deletions that bans ask for and that are not completed: a process that dies leaves them to others.
  `
  CREATE TABLE bulk_deletions (
    id TEXT PRIMARY KEY,
    room TEXT NOT NULL,
    user TEXT NOT NULL,
    actor TEXT NOT NULL,
    since INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  // Each claim of an invitation is the entry's that it lets a user in by.
  `
  ALTER TABLE invitation_claims ADD COLUMN id TEXT NOT NULL DEFAULT '';
  UPDATE invitation_claims SET id = hex(randomblob(13));
  `,
  // Files, and the messages that they are in.
  `
  CREATE TABLE files (
    id TEXT PRIMARY KEY,
    owner INTEGER NOT NULL REFERENCES users (key),
    state TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    size INTEGER NOT NULL,
    width INTEGER,
    height INTEGER,
    has_thumbnail INTEGER NOT NULL,
    quota_bytes INTEGER NOT NULL,
    blob_key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- The one whose messages it can be in; NULL before it is claimed for one.
    room INTEGER REFERENCES rooms (key),
    -- Whether it has been in a message.
    is_attached INTEGER NOT NULL DEFAULT 0,
    -- The id of a message that is about to be appended.
    claimed_by TEXT,
    claimed_at INTEGER,
    -- When it is looked at whether it is to be deleted; NULL while it is in a message.
    due_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX files_by_owner ON files (owner, quota_bytes) WHERE state <> 'deleted';
  CREATE INDEX files_by_due ON files (due_at) WHERE due_at IS NOT NULL;

  -- The files of messages that are there.
  CREATE TABLE attachments (
    file TEXT NOT NULL,
    room INTEGER NOT NULL REFERENCES rooms (key),
    seq INTEGER NOT NULL,
    PRIMARY KEY (file, room, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX attachments_by_message ON attachments (room, seq);
  CREATE TRIGGER file_attached AFTER INSERT ON attachments BEGIN
    UPDATE files SET is_attached = 1, room = NEW.room, due_at = NULL,
      claimed_at = iif(claimed_by = (SELECT id FROM messages WHERE room = NEW.room AND seq = NEW.seq),
        NULL, claimed_at)
    WHERE id = NEW.file AND state = 'ready';
  END;
  CREATE TRIGGER file_detached AFTER DELETE ON attachments
    WHEN NOT EXISTS (SELECT 1 FROM attachments WHERE file = OLD.file) BEGIN
    UPDATE files SET due_at = 0 WHERE id = OLD.file AND state = 'ready';
  END;
  `,
  // Messages are found by their words. The index is made in the background.
  `
  ${SEARCH_TERMS};
  -- The messages in the index, by numbers that rise with their moments.
  CREATE TABLE search_messages (
    key INTEGER PRIMARY KEY,
    room INTEGER NOT NULL REFERENCES rooms (key),
    seq INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX search_messages_by_seq ON search_messages (room, seq);
  -- The last entry of each room's log that is in the index, and the latest moment up to it.
  CREATE TABLE search_progress (
    room INTEGER PRIMARY KEY REFERENCES rooms (key),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  -- A single row: who indexes what others have left, and whether deleted terms are to be erased.
  CREATE TABLE search_state (
    claimed_by TEXT,
    claimed_until INTEGER NOT NULL DEFAULT 0,
    erasure INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  INSERT INTO search_state DEFAULT VALUES;
  `,
  // Messages are found by whether their room is public, too: the index is made again. Its tables can be
  // renamed, which an index with a name of its own prevents.
  `
  DROP TABLE search_terms;
  DROP TABLE search_messages;
  ${SEARCH_TERMS};
  ${NO_SEARCH_MERGES};
  ${SEARCH_MESSAGES};
  DELETE FROM search_progress;
  -- How often the tables were replaced.
  ALTER TABLE search_state ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
  `,
  // Reports keep the files of their messages.
  `
  CREATE TABLE report_files (
    file TEXT NOT NULL,
    report TEXT NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    PRIMARY KEY (file, report)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX report_files_by_report ON report_files (report);
  INSERT OR IGNORE INTO report_files
    SELECT f.value ->> 'id', r.id FROM reports r, json_each(r.message, '$.attachments') f;
  `,
];
