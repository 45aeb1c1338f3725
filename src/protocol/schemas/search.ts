/** Search in messages. */
import { z } from "zod";
import type { Message as DomainMessage } from "../../domain/message.ts";
import type { Room as DomainRoom } from "../../domain/room.ts";
import { MAX_PAGE_SIZE, MAX_SEARCH_LENGTH, SEARCH_PAGE_SIZE } from "../wire/limits.ts";
import type * as wire from "../wire/search.ts";
import { Id, inDigits, PageCursor, RoomReference, trimmedText, UserId } from "./fields.ts";
import { Message, presentMessage } from "./messages.ts";

const Instant = z.iso.datetime({ offset: true, error: "must be a time in ISO 8601" });

export const SearchQuery = z.object({
  q: trimmedText(1, MAX_SEARCH_LENGTH).meta({
    description: 'words that must all occur, `"a phrase"`, `-without`; the last may be a beginning',
    examples: ['deploy "release notes" -draft'],
  }),
  roomId: RoomReference.optional(),
  from: UserId.optional().meta({ description: "id of the sender" }),
  has: z.enum(["file", "link"]).optional(),
  before: Instant.optional().meta({ description: "ISO 8601: only messages sent before it" }),
  after: Instant.optional().meta({ description: "ISO 8601: only messages sent then or later" }),
  limit: inDigits(z.int().min(1).max(MAX_PAGE_SIZE)).default(SEARCH_PAGE_SIZE),
  cursor: PageCursor.optional(),
});

export const SearchPage = z.object({
  results: z.array(z.object({
    message: Message,
    room: z.object({
      id: Id,
      name: z.string(),
      slug: z.string(),
      type: z.enum(["public", "private", "direct"]),
    }),
    highlights: z.array(z.tuple([z.int().min(0), z.int().min(1)])).meta({
      description: "ranges of UTF-16 offsets in the text",
    }),
  })).meta({ description: "may be fewer than asked for while there is a nextCursor" }),
  nextCursor: z.string().nullable(),
}) satisfies z.ZodType<wire.SearchPage>;

export function presentResult(
  { message, room, highlights }: {
    message: DomainMessage;
    room: DomainRoom;
    highlights: [number, number][];
  },
): wire.SearchResult {
  const { id, name, slug, type } = room;
  return { message: presentMessage(message), room: { id, name, slug, type }, highlights };
}
