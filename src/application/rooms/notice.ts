/** Makes the drafts of messages of the system. */
import type { CreatedDraft } from "../../domain/entry.ts";
import { newId } from "../../domain/id.ts";
import { PLAIN } from "../../domain/message.ts";
import { type Announcement, sentenceOf } from "../../domain/notices.ts";
import type { PublicUser } from "../../domain/user.ts";

/** The draft of a message of the system, which says what somebody has made of a room. */
export function noticeOf(
  sender: PublicUser,
  announcement: Announcement,
  createdAt: Date,
  clientMessageId = newId(),
): CreatedDraft {
  const { systemType, users, data } = announcement;
  const message: CreatedDraft["message"] = {
    ...PLAIN,
    id: newId(),
    sender,
    text: sentenceOf(sender, announcement),
    system: true,
    clientMessageId,
    createdAt,
    systemType,
    systemData: { users: users.map(({ id }) => id), ...data },
  };
  return { kind: "created", message, request: null, answered: null };
}
