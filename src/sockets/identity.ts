/** Who one socket speaks for, and until when it has to say so. */
import type { Participant } from "../domain/actor.ts";
import { ChatError } from "../domain/errors.ts";
import { type PublicUser, publicUser } from "../domain/user.ts";

const IDENTIFY_MS = 10_000;
/** How long a socket whose token has expired may stay to show a new one. */
const GRACE_MS = 30_000;

/** A deadline that has passed: of identification, of the token, or of the grace after it. */
export type Overdue = "not_identified" | "token_expired" | "grace_over";

export class Identity {
  #actor: Participant | null = null;
  #sessionId: string | null = null;
  #expiresAt = 0;
  #expiryAnnounced = false;
  #unidentifiedSince = Date.now();

  /** Null until the socket has identified itself. */
  get actor(): Participant | null {
    return this.#actor;
  }

  /** The session of the token shown last, from before it is checked: no revocation misses it. */
  get sessionId(): string | null {
    return this.#sessionId;
  }

  /**
   * Who the socket speaks for.
   * @throws ChatError `not_identified`
   */
  require(): Participant {
    if (this.#actor) return this.#actor;
    throw new ChatError("not_identified", "Send auth:identify with an access token first.");
  }

  /**
   * A token of this session was shown and is about to be checked. Returns what to call if it is
   * refused: the socket then stays in the session that it was in.
   */
  claim(sessionId: string): () => void {
    const before = this.#sessionId;
    this.#sessionId = sessionId;
    return () => {
      this.#sessionId = before;
    };
  }

  /** The socket speaks for this actor until its token expires. */
  confirm(actor: Participant, expiresAt: Date): void {
    this.#actor = actor;
    this.#expiresAt = expiresAt.getTime();
    this.#expiryAnnounced = false;
  }

  /** Restarts the time in which the client has to identify itself. */
  extend(): void {
    this.#unidentifiedSince = Date.now();
  }

  /** Which deadline has passed, if one has; `token_expired` is returned once a token. */
  overdue(now: number): Overdue | null {
    if (!this.#actor) return this.#isSilent(now) ? "not_identified" : null;
    if (now - this.#expiresAt > GRACE_MS) return "grace_over";
    if (now < this.#expiresAt || this.#expiryAnnounced) return null;
    this.#expiryAnnounced = true;
    return "token_expired";
  }

  /** Not while a token is being checked. */
  #isSilent(now: number): boolean {
    return this.#sessionId === null && now - this.#unidentifiedSince > IDENTIFY_MS;
  }

  /**
   * Whether what the socket's user may do is what an admin may, from now on.
   * @returns whether that has changed
   */
  setAdmin(isAdmin: boolean): boolean {
    if (!this.#actor || this.#actor.isAdmin === isAdmin) return false;
    this.#actor.isAdmin = isAdmin;
    return true;
  }

  /** Applies a changed profile. Messages share the one before: it does not change itself. */
  showProfile(user: PublicUser): void {
    if (this.#actor) this.#actor.user = publicUser(user);
  }
}
