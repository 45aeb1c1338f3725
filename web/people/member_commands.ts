/** What a user does with the members of a room, themselves among them. */
import type { Api, EchoRoomError, PublicUser, Room, RoomRole } from "../../src/client/mod.ts";
import {
  addMember,
  banMember,
  type Banning,
  muteMember,
  removeMember,
  type Restricting,
  setPreferences,
  unbanMember,
  unmuteMember,
} from "../../src/client/rest/mod.ts";
import type { Notice } from "../notice.ts";
import type { Notifications } from "../notifications/alerts.ts";

const LAST_OWNER = "You are the only owner: make somebody else an owner first.";

export class MemberCommands {
  readonly #room: Room;
  readonly #api: Api;
  readonly #notice: Notice;

  constructor(room: Room, api: Api, notice: Notice) {
    this.#room = room;
    this.#api = api;
    this.#notice = notice;
  }

  setRole({ id }: PublicUser, role: RoomRole): Promise<void> {
    return this.#try(addMember(this.#api, this.#room.id, id, role));
  }

  setNotifications(notifications: Notifications): Promise<void> {
    return this.#try(setPreferences(this.#api, this.#room.id, { notifications }));
  }

  /** Makes the user a member; who writes becomes one as well. */
  join(): Promise<void> {
    return this.#try(addMember(this.#api, this.#room.id, "me"));
  }

  unban({ id }: PublicUser): Promise<void> {
    return this.#try(unbanMember(this.#api, this.#room.id, id));
  }

  unmute({ id }: PublicUser): Promise<void> {
    return this.#try(unmuteMember(this.#api, this.#room.id, id));
  }

  /** @throws {EchoRoomError} as `ban`, `mute` and `leave` */
  async remove({ id }: PublicUser): Promise<void> {
    await removeMember(this.#api, this.#room.id, id);
  }

  async ban({ id }: PublicUser, ban: Banning): Promise<void> {
    await banMember(this.#api, this.#room.id, id, ban);
  }

  async mute({ id }: PublicUser, mute: Restricting): Promise<void> {
    await muteMember(this.#api, this.#room.id, id, mute);
  }

  async leave(): Promise<void> {
    try {
      await removeMember(this.#api, this.#room.id, "me");
    } catch (error) {
      throw (error as EchoRoomError).code === "last_owner" ? new Error(LAST_OWNER) : error;
    }
  }

  /** The room itself shows what was done: only a refusal is said. */
  async #try(done: Promise<unknown>): Promise<void> {
    try {
      await done;
    } catch (error) {
      const isLast = (error as EchoRoomError).code === "last_owner";
      this.#notice.sayError(isLast ? new Error(LAST_OWNER) : error as Error);
    }
  }
}
