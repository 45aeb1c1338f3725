/** The cost of the number of a room's members: pages of their list, as `GET /rooms/:id/members` reads. */
import type { Member } from "../../src/domain/membership.ts";
import type { User } from "../../src/domain/user.ts";
import type { MemberCursor } from "../../src/ports/store/members.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { type Point, time } from "./log_length.ts";

/** The longest page, and the one member more that tells whether there is another. */
const PAGE = 101;
const AT_ONCE = 50;

/**
 * Fills a room with members up to each of the numbers in turn, and measures there.
 * @param newUser makes users by number, who are not stored yet
 * @param onProgress is called with the number of members so far, and with each measurement
 */
export async function measureMemberLists(
  store: Store,
  roomId: string,
  newUser: (number: number) => User,
  counts: number[],
  onProgress: (progress: number | Point["figures"]) => void,
): Promise<Point[]> {
  const points: Point[] = [];
  // The creator is a member from the beginning.
  let members = 1;
  for (const size of counts) {
    while (members < size) {
      const first = members;
      members = Math.min(size, first + AT_ONCE);
      const users = Array.from({ length: members - first }, (_, i) => newUser(first + i));
      await Promise.all(users.map(async (user) => {
        await store.users.create(user);
        await store.members.join(roomId, user.id);
      }));
      onProgress(members);
    }
    const figures = await measure(store, roomId);
    points.push({ size, figures });
    onProgress(figures);
  }
  return points;
}

async function measure(store: Store, roomId: string): Promise<Record<string, number>> {
  const all = await readAll(store, roomId);
  const page = (after?: Member) => {
    return store.members.list(roomId, { limit: PAGE, after: after && cursorOf(after) });
  };
  const [middle, last] = [all[Math.floor(all.length / 2)]!, all.at(-PAGE) ?? all[0]!];
  return {
    "the first page": await time(() => page()),
    "a page in the middle": await time(() => page(middle)),
    "the last page": await time(() => page(last)),
    "the owners": await time(() => store.members.list(roomId, { limit: PAGE, role: "owner" })),
    "one member": await time(() => store.members.get(roomId, middle.user.id)),
  };
}

async function readAll(store: Store, roomId: string): Promise<Member[]> {
  const all: Member[] = [];
  for (;;) {
    const last = all.at(-1);
    const query = { limit: PAGE, after: last && cursorOf(last) };
    const found = await store.members.list(roomId, query);
    all.push(...found);
    if (found.length < PAGE) return all;
  }
}

function cursorOf({ joinedAt, user }: Member): MemberCursor {
  return { joinedAt, userId: user.id };
}
