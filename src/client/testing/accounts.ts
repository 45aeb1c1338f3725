/** The accounts and sessions of the server in memory. */
import { ChatError } from "../../domain/errors.ts";
import {
  MAX_DISPLAY_NAME_LENGTH,
  MAX_EMAIL_LENGTH,
  MIN_PASSWORD_LENGTH,
} from "../../protocol/wire/limits.ts";
import type { SignedIn } from "../../protocol/wire/auth.ts";
import type { PublicUser, User } from "../../protocol/wire/users.ts";
import type { Account as NewAccount, Credentials, ProfileChanges } from "../api.ts";
import { newId } from "../platform.ts";
import { invalid } from "./refusals.ts";

/** Seconds. */
const TOKEN_LIFE = 900;

/** A user with their password. */
export interface Account {
  readonly password: string;
  user: User;
  /** What messages hold: the same object for ever, so that they show the user as they are now. */
  readonly shown: PublicUser;
}

/** A user who is signed in, by a cookie and the tokens that it brings. */
interface Session {
  readonly account: Account;
  isOver: boolean;
}

export class Accounts {
  readonly #accounts = new Map<string, Account>();
  readonly #sessions = new Map<string, Session>();
  #tokens = 0;

  /** @throws ChatError `validation_failed`, `email_taken` */
  register({ email, password, displayName }: NewAccount): Account {
    requireAccount({ email, password, displayName });
    if (this.#withEmail(email)) {
      throw new ChatError("email_taken", "Another account has this email.");
    }
    const at = new Date().toISOString();
    const shown = { id: newId(), displayName: displayName.trim(), avatarUrl: null };
    const user: User = {
      ...shown,
      email,
      role: "member",
      onboardingCompleted: false,
      createdAt: at,
      updatedAt: at,
    };
    const account = { password, user, shown };
    this.#accounts.set(user.id, account);
    return account;
  }

  /** @throws ChatError `invalid_credentials` */
  logIn({ email, password }: Credentials): Account {
    const account = this.#withEmail(email);
    if (account?.password === password) return account;
    throw new ChatError("invalid_credentials", "The email or the password is wrong.");
  }

  find(userId: string): Account | undefined {
    return this.#accounts.get(userId);
  }

  /** Begins a session. Returns its id, which is the cookie's value. */
  begin(account: Account): string {
    const id = newId();
    this.#sessions.set(id, { account, isOver: false });
    return id;
  }

  /**
   * A new token for a session.
   * @throws ChatError `session_revoked`, or `unauthenticated` without one
   */
  tokenFor(sessionId: string | null): SignedIn {
    const { account: { user } } = this.#session(sessionId);
    return { user, accessToken: `${sessionId}.${++this.#tokens}`, expiresIn: TOKEN_LIFE };
  }

  /** @throws ChatError as `tokenFor` */
  withToken(token: string): { account: Account; sessionId: string } {
    const [sessionId = ""] = token.split(".");
    return { account: this.#session(sessionId).account, sessionId };
  }

  change(account: Account, changes: ProfileChanges): User {
    const { displayName, avatarUrl } = account.user = {
      ...account.user,
      ...changes,
      updatedAt: new Date().toISOString(),
    };
    Object.assign(account.shown, { displayName, avatarUrl });
    return account.user;
  }

  /** Ends one session. Returns its id if it was not over. */
  end(sessionId: string | null): string[] {
    const session = this.#sessions.get(sessionId ?? "");
    if (!session || session.isOver) return [];
    session.isOver = true;
    return [sessionId!];
  }

  /** Ends all sessions of a user. Returns their ids. */
  endAll(userId: string): string[] {
    return [...this.#sessions]
      .filter(([, { account }]) => account.user.id === userId)
      .flatMap(([id]) => this.end(id));
  }

  #session(id: string | null): Session {
    const session = this.#sessions.get(id ?? "");
    if (!session) throw new ChatError("unauthenticated", "There is no session.");
    if (session.isOver) throw new ChatError("session_revoked", "The session has ended.");
    return session;
  }

  #withEmail(email: string): Account | undefined {
    const isSame = ({ user }: Account) => user.email.toLowerCase() === email.toLowerCase();
    return [...this.#accounts.values()].find(isSame);
  }
}

function requireAccount({ email, password, displayName }: NewAccount): void {
  if (!/^\S+@\S+$/.test(email) || email.length > MAX_EMAIL_LENGTH) {
    throw invalid("email", "must be an email address");
  }
  if (password.length < MIN_PASSWORD_LENGTH) {
    throw invalid("password", `must have at least ${MIN_PASSWORD_LENGTH} characters`);
  }
  const { length } = displayName.trim();
  if (length < 1 || length > MAX_DISPLAY_NAME_LENGTH) {
    throw invalid("displayName", `must have 1 to ${MAX_DISPLAY_NAME_LENGTH} characters`);
  }
}
