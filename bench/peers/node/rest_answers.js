/** What the REST peers answer: constants of the shape and size of EchoRoom's own answers. */

const TIME = "2026-01-01T00:00:00.000Z";
const FILLER = "lorem ipsum dolor sit amet consectetur elit,";
const COUNT = 50;

const sender = { id: id(0), displayName: "person0", avatarUrl: null };

export const HEALTH = { status: "ok" };

export const PROFILE = {
  user: {
    ...sender,
    email: "person0@example.com",
    onboardingCompleted: false,
    createdAt: TIME,
    updatedAt: TIME,
  },
};

export const ROOMS = {
  rooms: numbers().map((number) => ({
    id: id(number),
    name: `Room ${number}`,
    slug: `room-${number}`,
    description: null,
    createdBy: sender,
    lastSeq: 1,
    lastMessageAt: TIME,
    createdAt: TIME,
    updatedAt: TIME,
  })),
  nextCursor: null,
};

export const HISTORY = { messages: numbers().map(message), mine: {}, threads: {}, hasMore: true };

export const SENT = { message: message(1), mine: {}, threads: {} };

function message(seq) {
  return {
    id: id(seq),
    roomId: id(0),
    seq,
    changedSeq: seq,
    sender,
    text: `~t${seq.toString(16).padStart(16, "0")}~${FILLER}`,
    system: false,
    clientMessageId: `00000000-0000-4000-8000-${String(seq).padStart(12, "0")}`,
    createdAt: TIME,
    updatedAt: TIME,
    editedAt: null,
    deletedAt: null,
    replyTo: null,
    threadId: null,
    mentions: [],
    mentionsRoom: false,
    reactions: [],
    pinned: false,
    metadata: null,
    systemType: null,
    systemData: null,
  };
}

function numbers() {
  return Array.from({ length: COUNT }, (_, at) => at + 1);
}

/** As long as a ULID. */
function id(number) {
  return String(number).padStart(26, "0");
}
