/** The moderator's page of one browser: who is signed in, and which sections the server shows them. */
import { computed, effect, type ReadonlySignal, signal, untracked } from "@preact/signals";
import type { Client, EchoRoomError, User } from "../../src/client/mod.ts";
import { listReports } from "../../src/client/rest/mod.ts";
import type { FileViewer, Viewed } from "../files/file_viewer.ts";
import type { Notice } from "../notice.ts";
import { Session } from "../session/session.ts";
import { KnownRooms } from "./known_rooms.ts";
import { type Section, TITLES } from "./place.ts";

/** What moderators of rooms see; admins see everything. */
const OF_MODERATORS: readonly Section[] = ["reports", "audit"];
const ALL = Object.keys(TITLES) as Section[];

export class Desk implements FileViewer {
  readonly session = new Session();
  readonly client: Client = this.session.client;
  readonly notice: Notice = this.session.notice;
  readonly user: ReadonlySignal<User | null> = this.session.user;
  readonly rooms = new KnownRooms(this.client.api);
  /** What the user may see: nothing for who moderates nothing; null until it is known. */
  readonly sections = signal<readonly Section[] | null>(null);
  readonly viewed = signal<Viewed | null>(null);
  /** Why that could not be found out; `""` for no reason. */
  readonly fault = signal("");
  /** Counts the questions: answers to an older one are ignored. */
  #asked = 0;

  constructor() {
    const standing = computed(() => this.user.value && `${this.user.value.id} ${this.isAdmin}`);
    effect(() => {
      const isIn = standing.value !== null;
      untracked(() => isIn ? void this.askForSections() : this.#end());
    });
  }

  /** Whether the server's own sections are shown; the server decides what they answer. */
  get isAdmin(): boolean {
    return this.user.value?.role === "admin";
  }

  /** Finds out what the user may see. */
  async askForSections(): Promise<void> {
    const number = ++this.#asked;
    this.fault.value = "";
    try {
      const sections = this.isAdmin ? ALL : await this.#sectionsOfOthers();
      if (number === this.#asked) this.sections.value = sections;
    } catch (error) {
      if (number === this.#asked) this.fault.value = (error as EchoRoomError).message;
    }
  }

  /** Those who moderate a room are answered its reports. */
  async #sectionsOfOthers(): Promise<readonly Section[]> {
    const isModerator = await listReports(this.client.api, { limit: 1 }).then(
      () => true,
      (error: EchoRoomError) => {
        if (error.code === "forbidden") return false;
        throw error;
      },
    );
    return isModerator ? OF_MODERATORS : [];
  }

  fileUrl(path: string): Promise<string> {
    return this.client.fileUrl(path);
  }

  #end(): void {
    this.#asked++;
    this.sections.value = null;
    this.viewed.value = null;
    this.fault.value = "";
    this.rooms.forget();
  }
}
