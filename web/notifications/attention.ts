/** Calls for a user who is not looking at the page: by a notification, or a sound. */
import type { ChatMessage, Client, PublicUser, Room, RoomInfo } from "../../src/client/mod.ts";
import { addressOf } from "../address.ts";
import { type Kept, kept } from "../kept.ts";
import { isLooking, watchLooking } from "../looking.ts";
import { inOneTab } from "../one_tab.ts";
import { summaryOf } from "../text/plain_text.ts";
import { type AlertReason, type Notifications, watchForAlerts } from "./alerts.ts";
import { playChime } from "./chime.ts";
import { DesktopNotifications } from "./desktop_notifications.ts";
import { watchForMentions } from "./mention_alerts.ts";
import { followNotifications, NOTIFICATION_PLATFORM } from "./notification_platform.ts";

const CALLS = {
  mention: "mentioned you",
  reply: "answered you",
  room: "called everybody",
  message: "wrote",
};

type CallingMessage = Pick<ChatMessage, "id" | "sender" | "text" | "attachments" | "files">;

followNotifications();

export class Attention {
  readonly notifications: DesktopNotifications;
  readonly #ownId: string;
  readonly #sound: Kept;
  readonly #end: () => void;

  constructor({ id }: PublicUser) {
    this.#ownId = id;
    this.#sound = kept(`echoroom:sound:${id}`);
    this.notifications = new DesktopNotifications(id, NOTIFICATION_PLATFORM);
    this.#end = watchLooking((isLooking) => isLooking && this.notifications.closeAll());
  }

  /** Whether a sound is played; the user has turned it on in this browser. */
  get hasSound(): boolean {
    return this.#sound.read() === "on";
  }

  set hasSound(isOn: boolean) {
    this.#sound.write(isOn ? "on" : "off");
    if (isOn) playChime();
  }

  /**
   * Calls for what comes in a room. Returns what ends that.
   * @param notifications what the user wants to be notified of there
   */
  watch(room: Room, notifications: () => Notifications): () => void {
    const ends = [
      watchForAlerts(room, {
        ownId: this.#ownId,
        notifications,
        isLooking,
        onAlert: ({ room, message, reason }) => this.#call(room.info.get(), message, reason),
      }),
      room.messages.subscribe(() => this.#closeDeleted(room)),
    ];
    return () => ends.forEach((end) => end());
  }

  /** Calls for messages to the user in rooms that are not watched. Returns what ends that. */
  watchMentions(client: Client, notifications: (room: RoomInfo) => Notifications): () => void {
    return watchForMentions(client, {
      notifications,
      isLooking,
      onAlert: ({ room, message, reason }) => this.#call(room, message, reason),
    });
  }

  close(): void {
    this.notifications.closeAll();
    this.#end();
  }

  #call(info: RoomInfo | null, message: CallingMessage, reason: AlertReason): void {
    const { id, sender } = message;
    const place = info?.name ? ` in ${info.name}` : "";
    void this.notifications.show({
      id: id!,
      title: `${sender.displayName} ${CALLS[reason]}${place}`,
      body: summaryOf(message),
      address: info ? addressOf(info.slug, id!) : "#/",
    });
    if (this.hasSound) void inOneTab(`chime:${id}`, playChime);
  }

  #closeDeleted(room: Room): void {
    for (const { id, deletedAt } of room.messages.get()) {
      if (id && deletedAt) this.notifications.close(id);
    }
  }
}
