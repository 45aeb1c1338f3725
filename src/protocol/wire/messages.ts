/** Messages, and the log that they are kept in, as they go over the wire. */
import type { File } from "./files.ts";
import type { RoomRole } from "./members.ts";
import type { PublicUser } from "./users.ts";

/** A message, as it is now. */
export interface Message {
  /** Opaque. */
  id: string;
  /** The id, never the slug. */
  roomId: string;
  /** The number of the entry that created it. */
  seq: number;
  /** The number of the entry that changed it last; `seq` if none did. The higher is the newer state. */
  changedSeq: number;
  /** As they are now, not as they were then. */
  sender: PublicUser;
  /** As it was written, markup and all; empty once it is deleted. */
  text: string;
  /** Whether the server wrote it, about something that `sender` did. */
  system: boolean;
  /** Made by the sender's client, unique among the sender's messages in the room. */
  clientMessageId: string;
  /** ISO 8601, UTC. */
  createdAt: string;
  /** When it was changed last; ISO 8601, UTC. */
  updatedAt: string;
  /** When its text was changed last; null if it was not. */
  editedAt: string | null;
  /** A deleted message stays, without its content; null if it is not. */
  deletedAt: string | null;
  /** The id of the message that it answers. */
  replyTo: string | null;
  /** The id of the first message of the chain of answers that it belongs to. */
  threadId: string | null;
  /** The ids of the users whom the sender named. */
  mentions: string[];
  /** Whether it means everybody in the room. */
  mentionsRoom: boolean;
  /** In the order of first use. */
  reactions: Reaction[];
  /** Whether it is among the room's pins. */
  pinned: boolean;
  /** Its files, in the sender's order. */
  attachments: File[];
  /** The app's own. */
  metadata: Metadata | null;
  /** What a system message says; null for others. */
  systemType: string | null;
  /** What that is about; null for others. */
  systemData: SystemData | null;
}

/** One emoji on a message. */
export interface Reaction {
  /** One emoji, or a name of 1 to 32 of `a-z0-9_+-`. */
  emoji: string;
  /** How many users it is of. */
  count: number;
  /** The ids of the first ten. */
  users: string[];
}

/** JSON of an app, up to 4 KiB and five levels. */
export type Metadata = { [name: string]: unknown };

/** What a system message is about. */
export interface SystemData {
  /** The ids of users. */
  users: string[];
  /** What they are from now on. */
  role?: RoomRole | undefined;
  /** When a ban or mute ends, ISO 8601, UTC; left out if it does not. */
  until?: string | undefined;
  /** Why they were banned or muted. */
  reason?: string | undefined;
  /** The settings of the room that are new. */
  changes?: ChangedSettings | undefined;
}

/** Settings of a room; what is left out stayed as it was. */
export interface ChangedSettings {
  /** Its name. */
  name?: string | undefined;
  /** What it is about; null for nothing. */
  description?: string | null | undefined;
  /** Who may send. */
  postPolicy?: "members" | "moderators" | undefined;
  /** How long a member waits between two messages; 0 for no slow mode. */
  slowModeSeconds?: number | undefined;
  /** Whether it is archived: it can be read, and nothing is changed in it. */
  archived?: boolean | undefined;
  /** The app's own; null for none. */
  metadata?: Metadata | null | undefined;
}

/** What a message has that a client has just written, beside what the user gave. */
export const NEW_MESSAGE = {
  system: false,
  editedAt: null,
  deletedAt: null,
  replyTo: null,
  threadId: null,
  mentions: [],
  mentionsRoom: false,
  reactions: [],
  pinned: false,
  attachments: [],
  metadata: null,
  systemType: null,
  systemData: null,
} satisfies Partial<Message>;

/** What goes with messages, where there is something. */
export interface Related {
  /** The messages that these answer and that are not among them, as they are now. */
  referenced?: Message[] | undefined;
  /** Of the ids in `mentions` and `reactions`. */
  users?: PublicUser[] | undefined;
}

/** What goes with messages in an answer to one reader. */
export interface RelatedToReader extends Related {
  /** The reader's own reactions, by the ids of the messages. */
  mine: Record<string, string[]>;
  /** The answers to the messages, by their ids. */
  threads: Record<string, Thread>;
}

/** The answers to a message. */
export interface Thread {
  /** How many there are. */
  count: number;
  /** The number of the entry of the last. */
  lastSeq: number;
}

/** What an entry has changed in a message. */
export type MessageChange =
  | { type: "edited" | "pinned" | "unpinned"; by: PublicUser }
  | { type: "reactions"; added: EmojiUse[]; removed: EmojiUse[] };

/** A user's reaction. */
export interface EmojiUse {
  /** As in {@linkcode Reaction}. */
  emoji: string;
  /** Whose it is. */
  user: PublicUser;
}

/** What a message may hold beside its text; of an edit, what is left out stays. */
export interface MessageContent {
  /** The ids of users whom it names, at most 25. */
  mentions?: string[] | undefined;
  /** The app's own. */
  metadata?: Metadata | null | undefined;
}

/** A page of a room's history, oldest first. */
export interface MessagesPage extends RelatedToReader {
  /** As they are now. */
  messages: Message[];
  /** Whether there are more in the direction of paging. */
  hasMore: boolean;
}

/** The messages around one, oldest first. */
export interface MessagesAround extends RelatedToReader {
  messages: Message[];
  hasMoreBefore: boolean;
  hasMoreAfter: boolean;
}

/** The last entry that a client has seen in a room. */
export interface RoomCursor {
  /** Id or slug. */
  roomId: string;
  /** The highest `seq` seen; 0 before the first. */
  lastSeenSeq: number;
  /** The id of that entry, by which a restored backup whose log has grown again is noticed. */
  lastSeenEntryId?: string | undefined;
}

/** What a client sends about messages; `roomId` is an id or a slug. */
export interface MessageClientEvents {
  /** Answered by `message:ack` once the message is durable. */
  "message:send": {
    roomId: string;
    /** May be empty beside attachments. */
    text: string;
    clientMessageId?: string;
    /** The id of a message of the room. */
    replyTo?: string | null | undefined;
    mentionsRoom?: boolean | undefined;
    /** The ids of files that the sender has uploaded, at most 10. */
    attachments?: string[] | undefined;
  } & MessageContent;
  /** Answered by `message:ack`, as are all changes. At least one of the fields is to be given. */
  "message:edit": {
    roomId: string;
    messageId: string;
    text?: string | undefined;
    /** Refused as `edit_conflict` if the text was edited after this entry. */
    ifChangedSeq?: number | undefined;
    clientMessageId?: string | undefined;
  } & MessageContent;
  /** Answered by `message:ack`; a tombstone stays. */
  "message:delete": { roomId: string; messageId: string; clientMessageId?: string | undefined };
  /** Answered by `message:ack`. */
  "reaction:add": { roomId: string; messageId: string; emoji: string };
  /** Answered by `message:ack`. */
  "reaction:remove": { roomId: string; messageId: string; emoji: string };
  /** Answered by `message:ack`. */
  "message:pin": { roomId: string; messageId: string };
  /** Answered by `message:ack`. */
  "message:unpin": { roomId: string; messageId: string };
  /** Answered by one `connection:missed` for each room; `present` as in `room:join`. */
  "connection:recover": (RoomCursor | { rooms: RoomCursor[] }) & { present?: boolean | undefined };
}

/** What the server sends about messages; `roomId` is an id. */
export interface MessageServerEvents {
  /** The command is done and durable. */
  "message:ack": {
    roomId: string;
    /** Of sends, edits and deletions. */
    clientMessageId?: string | undefined;
    /** The message's. */
    id: string;
    /** The number of the entry. */
    seq: number;
    /** When the entry was made; ISO 8601, UTC. */
    createdAt: string;
    /** Of reactions and pins: false if it was so already; then `seq` is the message's `changedSeq`. */
    changed?: boolean | undefined;
  };
  /** An entry of a joined room's log made a message. Entries come in order, none missing, none twice. */
  "message:new": Related & {
    roomId: string;
    seq: number;
    /** The id of the entry, which is that of the message that it creates. */
    entryId: string;
    message: Message;
  };
  /** An entry changed a message, perhaps one that the client has not. */
  "message:updated": Related & {
    roomId: string;
    seq: number;
    entryId: string;
    change: MessageChange;
    /** As it is at this entry or later. */
    message: Message;
  };
  /** An entry deleted a message. */
  "message:deleted": Related & {
    roomId: string;
    seq: number;
    entryId: string;
    messageId: string;
    by: PublicUser;
    /** What is left of it. */
    message: Message;
  };
}
