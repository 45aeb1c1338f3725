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
import { claimFiles, releaseUnless } from "./attached.ts";
import { readersAmong } from "./mentioned.ts";
import { accept, type AcceptDependencies, type Accepted } from "./accept.ts";

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
  dependencies:
    & AcceptDependencies
    & Pick<Dependencies, "members" | "mentions" | "publicUsers" | "rooms">,
  input: NewMessage,
): Promise<Accepted> {
  const { text, clientMessageId, replyTo, mentions = [], mentionsRoom = false } = input;
  const { attachments: fileIds = [] } = input;
  const metadata = input.metadata ?? null;
  const asked = ["send", text, replyTo, mentions, mentionsRoom, metadata];
  const { members, requestHashes, rooms } = dependencies;
  const { user: sender } = actor;
  const mentioned = mentions.length > 0
    ? await readersAmong(actor, dependencies, input.room, mentions)
    : PLAIN.mentions;
  let answeredId: string | null = null;
  const plain: CreatedDraft["message"] = {
    ...PLAIN,
    id: newId(),
    sender,
    text,
    system: false,
    clientMessageId,
    createdAt: new Date(),
    mentions: mentioned,
    mentionsRoom,
    metadata,
  };
  const hasFiles = fileIds.length > 0;
  const needed: Capability[] = ["message.send"];
  if (mentionsRoom) needed.push("message.mention_room");
  if (hasFiles) needed.push("file.upload");
  // Strangers send text alone: whether they have joined meanwhile is read for what has needs.
  const needs = (replyTo !== undefined || hasFiles) &&
    { messageIds: replyTo === undefined ? [] : [replyTo] };
  let attachments: Message["attachments"] = PLAIN.attachments;
  const claim = async ({ roomId }: RoomAccess) => {
    const message = { roomId, messageId: plain.id, ownerId: actor.userId };
    attachments = await claimFiles(dependencies, fileIds, message);
  };
  const accepted = await accept(actor, dependencies, input.room, (room) => {
    rooms.typing.end(room.roomId, actor.userId);
    return {
      by: sender,
      clientMessageId,
      request: requestHashes.hash([...asked, ...(hasFiles ? [fileIds] : [])]),
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
  if (hasFiles) releaseUnless(accepted.result, dependencies, fileIds, plain.id);
  const concernsUsers = mentioned.length > 0 || mentionsRoom || replyTo !== undefined;
  if (concernsUsers || room.rules.type === "direct") {
    const notify = (result: Result) => {
      if (!("entry" in result) || result.isRepeat) return;
      dependencies.mentions.notify(room, result.entry, answeredId);
    };
    accepted.result.then(notify, () => {});
  }
  if (room.rules.type !== "public" || room.standing.role !== null) return accepted;
  // Who has sent to a public room is a member from the acknowledgement on.
  members.expect(roomId, actor.userId, accepted.result);
  return accepted;
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
