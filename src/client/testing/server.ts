/** A server in memory: the one that an app's tests set up, and break. */
import type { ErrorCode } from "../../domain/errors.ts";
import { CLOSE_CODES } from "../../protocol/wire/close_codes.ts";
import { type Client, createClient } from "../client.ts";
import type { ClientOptions } from "../options.ts";
import { TestBrowser } from "./browser.ts";
import { Chat } from "./chat.ts";
import type { Command, HoldOptions, RefusalOptions } from "./faults.ts";
import { attempt, TestUser } from "./user.ts";

/** What a user of the server in memory may have beside a name. */
export interface TestUserOptions {
  /** `ada@example.com` for "Ada", if not given. */
  email?: string;
  /** `correct horse`, if not given. */
  password?: string;
}

/**
 * A server in memory. It needs no network and no timer: what it does is done in the turn in which it
 * is asked, so that tests with fake timers work. It has no rate limits, and keeps everything.
 */
export class TestServer {
  /** The address to give to `createClient`, with a browser as its options. */
  readonly url = "http://echoroom.test";
  readonly #chat = new Chat();
  readonly #clients: Client[] = [];

  /**
   * Adds a user.
   * @throws {EchoRoomError} `email_taken`
   */
  createUser(displayName: string, options: TestUserOptions = {}): TestUser {
    const name = displayName.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
    const { email = `${name}@example.com`, password = "correct horse" } = options;
    const account = { email, password, displayName };
    return new TestUser(this.#chat, attempt(() => this.#chat.accounts.register(account)));
  }

  /**
   * Opens a browser: the options of a client for this server.
   * @param user who is signed in; nobody, if not given
   */
  openBrowser(user?: TestUser): TestBrowser {
    const { accounts } = this.#chat;
    const account = user && accounts.find(user.id);
    return new TestBrowser(this.#chat, account ? accounts.begin(account) : null);
  }

  /**
   * Makes a client in a new browser, which connects if a user is given.
   * @param user who is signed in; nobody, if not given
   */
  createClient(user?: TestUser, options: ClientOptions = {}): Client {
    const client = createClient(this.url, { ...this.openBrowser(user), ...options });
    this.#clients.push(client);
    if (user) client.connect();
    return client;
  }

  /** Cuts all connections; nothing reaches the server, and clients try again and again. */
  goOffline(): void {
    this.#chat.faults.isOnline = false;
    this.dropConnections();
  }

  /** The server can be reached again. Clients of {@linkcode TestServer.createClient} connect at once. */
  goOnline(): void {
    this.#chat.faults.isOnline = true;
    for (const client of this.#clients) {
      if (client.connection.get().status === "waiting") client.connect();
    }
  }

  /**
   * Closes all connections, once.
   * @param code of the close; 1012, as by a server that restarts, if not given
   */
  dropConnections(code: number = CLOSE_CODES.restarting): void {
    for (const socket of [...this.#chat.sockets]) socket.drop(code);
  }

  /**
   * Refuses the next command of this kind.
   * @param command an event such as `message:send`, or a route such as `GET /rooms`
   */
  refuse(command: Command, code: ErrorCode, options: RefusalOptions = {}): void {
    this.#chat.faults.refuse(command, code, options);
  }

  /**
   * Holds commands of this kind back, before they are done or before they are answered. What is held
   * when the connection is cut is lost, as it is in a network.
   * @param command as of {@linkcode TestServer.refuse}
   * @returns lets them through
   */
  hold(command: Command, options: HoldOptions = {}): () => void {
    return this.#chat.faults.hold(command, options);
  }

  /** Loses the next entries on their way to all clients, which find the gap with the one after. */
  dropEntries(count = 1): void {
    this.#chat.faults.dropped += count;
  }

  /**
   * Loses what a room's log has after an entry, as when a backup is restored, and all connections.
   * @param seq of the last entry that stays
   */
  restore(room: string, seq: number): void {
    attempt(() => this.#chat.room(room).restore(seq));
    this.dropConnections();
  }

  /** Closes the clients that {@linkcode TestServer.createClient} has made. */
  close(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }
}
