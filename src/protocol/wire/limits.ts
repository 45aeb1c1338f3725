/** The limits of the protocol. Lengths of texts are in code points, unless named otherwise. */

/** The largest frame of a client, and the largest body of a request, in bytes. */
export const MAX_FRAME_BYTES = 64 * 1024;

export const MAX_EMAIL_LENGTH = 254;
export const MIN_PASSWORD_LENGTH = 8;
/** In UTF-8: bcrypt reads no more. */
export const MAX_PASSWORD_BYTES = 72;
export const MAX_DISPLAY_NAME_LENGTH = 50;
/** In UTF-16 units. */
export const MAX_AVATAR_URL_LENGTH = 2_048;
export const MAX_ROOM_NAME_LENGTH = 80;
export const MAX_DESCRIPTION_LENGTH = 500;
/** Of why somebody is banned, muted or reported. */
export const MAX_REASON_LENGTH = 500;
/** Of a comment on a report. */
export const MAX_COMMENT_LENGTH = 1_000;
export const MAX_TEXT_LENGTH = 4_000;
export const MAX_CLIENT_MESSAGE_ID_LENGTH = 64;
/** Of ids and slugs that clients send. */
export const MAX_ID_LENGTH = 128;

/** Users that one message may name. */
export const MAX_MENTIONS = 25;
/** Files that one message may have. */
export const MAX_ATTACHMENTS = 10;
/** Of a picture that is sent as an avatar. */
export const MAX_AVATAR_BYTES = 10 * 1_024 ** 2;
/** Of an emoji's name, in UTF-16 units. */
export const MAX_EMOJI_NAME_LENGTH = 32;
/** Of an app's own JSON in a message: bytes of UTF-8, and levels, itself being the first. */
export const MAX_METADATA_BYTES = 4 * 1024;
export const MAX_METADATA_LEVELS = 5;

/** Seconds between two messages of a member in slow mode, six hours. */
export const MAX_SLOW_MODE_SECONDS = 21_600;
/** How far back a ban deletes messages, in seconds: a week. */
export const MAX_DELETE_SECONDS = 604_800;

/** Items on a page of a list, unless the request says otherwise. */
export const PAGE_SIZE = 50;
export const MAX_PAGE_SIZE = 100;

/** Of what is searched for. */
export const MAX_SEARCH_LENGTH = 1_000;
/** Messages on a page of a search, unless the request says otherwise. */
export const SEARCH_PAGE_SIZE = 20;

/** Rooms on a page of one's own. */
export const MAX_OWN_ROOMS = 200;
/** Users that are added to a room at once. */
export const MAX_ADDED_MEMBERS = 100;

/** How many users may use one invitation that is not for any number. */
export const MAX_INVITATION_USES = 100_000;
/** The longest time for which an invitation is good that expires: a year, in seconds. */
export const MAX_INVITATION_SECONDS = 31_536_000;

/** Messages in `room:joined`. */
export const JOINED_MESSAGES = 50;
/** Messages in one `connection:missed`. */
export const MISSED_MESSAGES = 200;
/** Users that `room:joined` names. While more are online, `presence:update` names nobody. */
export const NAMED_ONLINE = 200;
/** Rooms that one socket may be in. */
export const MAX_ROOMS_PER_SOCKET = 200;
/** Rooms in one `connection:recover`. */
export const MAX_RECOVERED_ROOMS = 100;

/** Numbers of an account that one `account:missed` covers. */
export const ACCOUNT_PAGE_SIZE = 200;

/** Members of a private room that are shown how far each has read; in larger ones nobody is. */
export const READ_UPDATE_MEMBERS = 100;

/** Milliseconds after the last `typing:start` at which typing ends by itself. */
export const TYPING_MS = 6_000;
