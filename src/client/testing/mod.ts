/**
 * A server in memory for an app's own tests. The client on it is the real one, so that what the app
 * sees (states of messages, optimistic changes, unread counts, recovery) is what it sees in
 * production; a test plays the other users, and makes go wrong what it likes.
 *
 * @example
 * ```ts
 * import { TestServer, waitFor } from "@echoroom/client/testing";
 *
 * const server = new TestServer();
 * const [ada, bob] = [server.createUser("Ada"), server.createUser("Bob")];
 * bob.createRoom("General");
 *
 * const client = server.createClient(ada); // the real client, signed in as Ada
 * const room = client.join("general");
 * await waitFor(room.state, ({ status }) => status === "live");
 *
 * server.goOffline();
 * const sent = room.send("Is anybody there?");
 * await waitFor(room.messages, (messages) => messages.at(-1)?.state === "queued");
 * server.goOnline();
 * await sent;
 *
 * bob.send("general", "I am");
 * console.log(room.messages.get().at(-1)?.text); // I am
 * server.close();
 * ```
 *
 * @module
 */
export { TestBrowser } from "./browser.ts";
export type { Command, HoldOptions, RefusalOptions, Route } from "./faults.ts";
export { TestServer, type TestUserOptions } from "./server.ts";
export { type TestMessageOptions, TestUser } from "./user.ts";
export { waitFor } from "./wait_for.ts";
