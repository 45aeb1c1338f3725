/** Sends a message to a room. */
import type { Participant } from "../../domain/actor.ts";
import type { CreatedDraft } from "../../domain/entry.ts";
import { newId } from "../../domain/id.ts";
import type { JsonObject } from "../../domain/json.ts";
import { type Message, PLAIN } from "../../domain/message.ts";
import type { Capability } from "../../domain/permissions.ts";
import { requirePresent } from "../../domain/message_changes.ts";
import { requireCapabilities, requirePause, type RoomAccess } from "../../services/room_access.ts";
import type { Result } from "../../services/decision.ts";
import type { Dependencies } from "../dependencies.ts";
import { claimFiles, releaseUnlessAppended } from "./attached.ts";
import { readersAmong } from "./mentioned.ts";
import { accept, type AcceptDependencies, type Accepted } from "./accept.ts";

type SendDependencies =
  & AcceptDependencies
  & Pick<Dependencies, "members" | "mentions" | "publicUsers" | "rooms">;

export interface NewMessage {
  /** Id or slug. */
  room: string;
  text: string;
  clientMessageId: string;
  /** The id of the message that it answers. */
  replyTo?: string | undefined;
  /** Ids of users; those who do not exist are left out. */
  mentions?: readonly string[] | undefined;
  mentionsRoom?: boolean | undefined;
  metadata?: JsonObject | null | undefined;
  /** Ids of files. */
  attachments?: readonly string[] | undefined;
}

/**
 * Sends a message to a room. Repeated with the same sender, room, clientMessageId and content it
 * stores nothing, and the result is the first one.
 * @param input checked and cleaned by the protocol's `message:send`
 * @throws ChatError as `accept` and `claimFiles`; the result rejects with `message_not_found` or `message_deleted` of
 *   the message that it answers, with `forbidden`, or as `RoomLog.append`
 */
export async function sendMessage(
  actor: Participant,
  dependencies: SendDependencies,
  input: NewMessage,
): Promise<Accepted> {
  const { text, clientMessageId, replyTo, attachments: fileIds = [] } = input;
  const { members, requestHashes, rooms } = dependencies;
  const plain = await withoutFiles(actor, dependencies, input);
  const needed = neededFor(input);
  const hasFiles = fileIds.length > 0;
  // Strangers send text alone: whether they have joined meanwhile is read for what has needs.
  const needs = (replyTo !== undefined || hasFiles) &&
    { messageIds: replyTo === undefined ? [] : [replyTo] };
  let { attachments } = plain;
  const claim = async ({ roomId }: RoomAccess) => {
    const message = { roomId, messageId: plain.id, ownerId: actor.userId };
    attachments = await claimFiles(dependencies, fileIds, message);
  };
  let answeredId: string | null = null;
  const accepted = await accept(actor, dependencies, input.room, (room) => {
    rooms.typing.end(room.roomId, actor.userId);
    return {
      by: actor.user,
      clientMessageId,
      request: requestHashes.hash(askedBy(input)),
      text,
      ...(needs && { needs }),
      decide(state) {
        const access = state.access(actor);
        const answered = replyTo === undefined ? null : state.message(replyTo);
        requireCapabilities(access, needed);
        requirePause(access, plain.createdAt);
        if (answered) requirePresent(answered);
        answeredId = answered && answered.sender.id;
        const message = hasFiles ? { ...plain, attachments } : plain;
        const draft = answerTo(answered, message, this.request);
        const { rules, standing } = access;
        const joins = rules.type === "public" && standing.role === null;
        if (!rules.slowMode && !joins) return { draft };
        return { draft: { ...draft, isSlow: rules.slowMode !== null, joins } };
      },
    };
  }, hasFiles ? claim : undefined);
  const { room, roomId } = accepted;
  const result = hasFiles
    ? releaseUnlessAppended(accepted.result, dependencies, fileIds, plain.id)
    : accepted.result;
  const concernsUsers = plain.mentions.length > 0 || plain.mentionsRoom || replyTo !== undefined;
  if (concernsUsers || room.rules.type === "direct") {
    notifyOnce(dependencies, room, result, () => answeredId);
  }
  if (room.rules.type !== "public" || room.standing.role !== null) return { room, roomId, result };
  // Who has sent to a public room is a member from the acknowledgement on.
  members.expect(roomId, actor.userId, result);
  return { room, roomId, result };
}

/** The message as it will be, but for its files and what it answers. */
async function withoutFiles(
  actor: Participant,
  dependencies: SendDependencies,
  input: NewMessage,
): Promise<CreatedDraft["message"]> {
  const { room, text, clientMessageId, mentions = [], mentionsRoom = false } = input;
  return {
    ...PLAIN,
    id: newId(),
    sender: actor.user,
    text,
    system: false,
    clientMessageId,
    mentions: mentions.length > 0
      ? await readersAmong(actor, dependencies, room, mentions)
      : PLAIN.mentions,
    mentionsRoom,
    metadata: input.metadata ?? null,
    createdAt: new Date(),
  };
}

function neededFor({ mentionsRoom, attachments = [] }: NewMessage): Capability[] {
  const needed: Capability[] = ["message.send"];
  if (mentionsRoom) needed.push("message.mention_room");
  if (attachments.length > 0) needed.push("file.upload");
  return needed;
}

/** What a repeat must ask for too. */
function askedBy({ text, replyTo, attachments = [], ...input }: NewMessage): unknown[] {
  const { mentions = [], mentionsRoom = false, metadata = null } = input;
  const asked = ["send", text, replyTo, mentions, mentionsRoom, metadata];
  return attachments.length > 0 ? [...asked, attachments] : asked;
}

/** Notifies whom the message concerns once it is stored, unless it was before. */
function notifyOnce(
  { mentions }: Pick<SendDependencies, "mentions">,
  room: RoomAccess,
  result: Promise<Result>,
  answeredId: () => string | null,
): void {
  result.then((done) => {
    if ("entry" in done && !done.isRepeat) mentions.notify(room, done.entry, answeredId());
  }, () => {});
}

function answerTo(
  answered: Message | null,
  message: CreatedDraft["message"],
  request: string | null,
): CreatedDraft {
  if (!answered) return { kind: "created", message, request, answered: null };
  const place = { replyTo: answered.id, threadId: answered.threadId ?? answered.id };
  return {
    kind: "created",
    message: { ...message, ...place },
    request,
    answered: answered.sender.id,
  };
}
