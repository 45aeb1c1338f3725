/** A guest of the page at `/try`: signed in without a cookie, which two guests could not share. */
import { type Client, createClient, EchoRoomError } from "../../src/client/mod.ts";
import { FrameLog } from "./frame_log.ts";
import { credentialsOf, type Party, storeParty } from "./party.ts";

interface SignedIn {
  user: { id: string };
  accessToken: string;
}

export class Guest {
  readonly name: string;
  readonly log = new FrameLog();
  readonly client: Client;
  readonly party: Party;
  readonly id: string;
  /** The first token, for one use. */
  #token: string | null;

  private constructor(name: string, party: Party, { user, accessToken }: SignedIn) {
    this.name = name;
    this.party = party;
    this.id = user.id;
    this.#token = accessToken;
    this.client = createClient(location.origin, {
      token: () => this.#takeToken(),
      WebSocket: this.log.WebSocket,
      storage: null,
    });
  }

  /** Signs in as the party's guest of that name; creates the account if it does not exist. */
  static async signIn(name: string, party: Party): Promise<Guest> {
    const credentials = credentialsOf(name, party);
    try {
      return new Guest(name, party, await enter("/auth/login", credentials));
    } catch (error) {
      if ((error as EchoRoomError).code !== "invalid_credentials") throw error;
      const account = { ...credentials, displayName: name };
      return new Guest(name, party, await enter("/auth/register", account));
    }
  }

  /** The id of the party's room, which nobody else sees; creates it if it does not exist. */
  async findRoom(other: Guest): Promise<string> {
    const { api } = this.client;
    const { roomId } = this.party;
    const known = roomId && await api.readRoom(roomId).catch((error: EchoRoomError) => {
      if (error.code !== "room_not_found") throw error;
    });
    // Earlier releases made it public.
    if (known && known.type === "private") return known.id;
    const { id } = await api.createRoom({
      name: "Two people",
      type: "private",
      members: [other.id],
    });
    storeParty({ ...this.party, roomId: id });
    return id;
  }

  async #takeToken(): Promise<string> {
    const token = this.#token;
    this.#token = null;
    if (token) return token;
    return (await enter("/auth/login", credentialsOf(this.name, this.party))).accessToken;
  }
}

/** Without cookies, so that a user signed in on the chat page stays signed in. */
async function enter(path: string, body: object): Promise<SignedIn> {
  const response = await fetch(path, {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (response.ok) return answer;
  throw new EchoRoomError({ message: answer.detail, code: answer.code, status: response.status });
}
