/** Messages of the system that say what has become of a room. */
import type { CreatedDraft } from "../../domain/entry.ts";
import { newId } from "../../domain/id.ts";
import { PLAIN, type SystemData, type SystemType } from "../../domain/message.ts";
import { nameInSentence } from "../../domain/name.ts";
import type { PublicUser } from "../../domain/user.ts";

/** Users whom a sentence names; the others are counted. */
const NAMED = 3;

interface Notice {
  systemType: Extract<SystemType, "room_created" | "member_added">;
  /** The users whom it is about. */
  users: readonly PublicUser[];
  data?: Omit<SystemData, "users">;
}

/** The draft of such a message. */
export function noticeOf(
  sender: PublicUser,
  notice: Notice,
  createdAt: Date,
  clientMessageId = newId(),
): CreatedDraft {
  const { systemType, users, data } = notice;
  const message: CreatedDraft["message"] = {
    ...PLAIN,
    id: newId(),
    sender,
    text: sentenceOf(sender, notice),
    system: true,
    clientMessageId,
    createdAt,
    systemType,
    systemData: { users: users.map(({ id }) => id), ...data },
  };
  return { kind: "created", message, request: null, answered: null };
}

function sentenceOf(by: PublicUser, { systemType, users }: Notice): string {
  const name = nameInSentence(by.displayName);
  if (systemType === "room_created") return `${name} created the room`;
  const names = users.slice(0, NAMED).map(({ displayName }) => nameInSentence(displayName));
  const more = users.length - names.length;
  if (more > 0) return `${name} added ${names.join(", ")} and ${more} more`;
  const [last, ...others] = names.toReversed();
  const begin = others.toReversed().join(", ");
  return `${name} added ${begin === "" ? last : `${begin} and ${last}`}`;
}
