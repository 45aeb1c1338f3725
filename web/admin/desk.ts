/** The moderator's page of one browser: who is signed in, and which sections the server shows them. */
import { computed, effect, type ReadonlySignal, signal, untracked } from "@preact/signals";
import { type Client, createClient, type EchoRoomError, type User } from "../../src/client/mod.ts";
import { listReports } from "../../src/client/rest/mod.ts";
import { Notice } from "../notice.ts";
import { signalOf } from "../observed.ts";
import { checkSession, lostSession } from "../session/session_check.ts";
import { KnownRooms } from "./known_rooms.ts";
import { type Section, TITLES } from "./place.ts";

/** What moderators of rooms see; admins see everything. */
const OF_MODERATORS: readonly Section[] = ["reports", "audit"];
const ALL = Object.keys(TITLES) as Section[];

export class Desk {
  readonly client: Client = createClient(location.origin);
  readonly notice = new Notice();
  readonly rooms = new KnownRooms(this.client.api);
  readonly user: ReadonlySignal<User | null> = signalOf(this.client.user);
  /** Whether it is known who is signed in, if anyone. */
  readonly isKnown: ReadonlySignal<boolean>;
  /** Why those are signed out who were signed in; `""` for no reason. */
  readonly welcome = signal("");
  /** What those should know who are signed in; `""` for nothing. */
  readonly warning = signal("");
  /** What the user may see: nothing for who moderates nothing; null until it is known. */
  readonly sections = signal<readonly Section[] | null>(null);
  /** Why that could not be found out; `""` for no reason. */
  readonly fault = signal("");
  /** Counts the questions: answers to an older one are ignored. */
  #asked = 0;

  constructor() {
    const state = signalOf(this.client.connection);
    const standing = computed(() => this.user.value && `${this.user.value.id} ${this.isAdmin}`);
    this.isKnown = computed(() => this.user.value !== null || state.value.status === "signed_out");
    effect(() => {
      const isIn = standing.value !== null;
      untracked(() => isIn ? void this.askForSections() : this.#end());
    });
    effect(() => {
      if (state.value.status !== "signed_out") return;
      const reason = state.value.reason;
      untracked(() => this.welcome.value = this.sections.value ? reason : lostSession());
    });
  }

  /** Whether the server's own sections are shown; the server decides what they answer. */
  get isAdmin(): boolean {
    return this.user.value?.role === "admin";
  }

  /** Waits for a sign-in, and warns if a reload will end the session. */
  async signIn(attempt: Promise<unknown>): Promise<void> {
    await attempt;
    this.warning.value = await checkSession(this.client);
  }

  async signOut(): Promise<void> {
    await this.client.logout().catch(this.notice.sayError);
  }

  /** Finds out what the user may see. */
  async askForSections(): Promise<void> {
    const number = ++this.#asked;
    this.fault.value = "";
    this.welcome.value = "";
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

  #end(): void {
    this.#asked++;
    this.sections.value = null;
    this.fault.value = "";
    this.warning.value = "";
    this.rooms.forget();
  }
}
