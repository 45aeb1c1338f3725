/** Ada in a room of Bob's, on the server in memory. */
import type { Client, Room } from "../../src/client/mod.ts";
import { TestServer, type TestUser, waitFor } from "../../src/client/testing/mod.ts";
import { HANG_MS } from "./deadline.ts";

export interface MemoryWorld {
  server: TestServer;
  ada: TestUser;
  bob: TestUser;
  /** Ada's. */
  client: Client;
  /** Bob's room, as Ada has it. */
  room: Room;
}

/** Acts once Ada is in the room. */
export async function inRoom(act: (world: MemoryWorld) => Promise<void>): Promise<void> {
  const server = new TestServer();
  const [ada, bob] = [server.createUser("Ada"), server.createUser("Bob")];
  bob.createRoom("General");
  const client = server.createClient(ada);
  const room = client.join("general");
  try {
    await waitFor(room.state, ({ status }) => status === "live", HANG_MS);
    await act({ server, ada, bob, client, room });
  } finally {
    server.close();
  }
}
