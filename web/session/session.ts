/** Who is signed in on a page, and what they should know of it. */
import { effect, type ReadonlySignal, signal, untracked } from "@preact/signals";
import {
  type Client,
  type ConnectionState,
  createClient,
  type User,
} from "../../src/client/mod.ts";
import { Notice } from "../notice.ts";
import { signalOf } from "../observed.ts";
import { checkSession, lostSession } from "./session_check.ts";

export class Session {
  readonly client: Client = createClient(location.origin);
  readonly notice = new Notice();
  readonly user: ReadonlySignal<User | null> = signalOf(this.client.user);
  readonly #isKnown = signal(false);
  readonly #warning = signal("");
  readonly #welcome = signal("");
  #isIn = false;

  constructor() {
    const state = signalOf(this.client.connection);
    effect(() => {
      const [user, connection] = [this.user.value, state.value];
      untracked(() => this.#update(user, connection));
    });
  }

  /** Whether it is known who is signed in, if anyone. */
  get isKnown(): ReadonlySignal<boolean> {
    return this.#isKnown;
  }

  /** What those should know who are signed in; `""` for nothing. */
  get warning(): ReadonlySignal<string> {
    return this.#warning;
  }

  /** Why those are signed out who were signed in; `""` for no reason. */
  get welcome(): ReadonlySignal<string> {
    return this.#welcome;
  }

  /** Waits for a sign-in or sign-up, and warns if a reload will end the session. */
  async signIn(attempt: Promise<unknown>): Promise<void> {
    await attempt;
    this.#warning.value = await checkSession(this.client);
  }

  /** Returns whether the user is signed out; if not, a notice says why. */
  async signOut(): Promise<boolean> {
    try {
      await this.client.logout();
      return true;
    } catch (error) {
      this.notice.sayError(error as Error);
      return false;
    }
  }

  #update(user: User | null, state: ConnectionState): void {
    if (user) {
      this.#welcome.value = "";
      this.#isIn = true;
    } else if (state.status === "signed_out" && (this.#isIn || !this.#isKnown.value)) {
      this.#welcome.value = this.#isIn ? state.reason : lostSession();
      this.#warning.value = "";
      this.#isIn = false;
    }
    this.#isKnown.value ||= user !== null || state.status === "signed_out";
  }
}
