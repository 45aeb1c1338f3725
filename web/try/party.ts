/** The two guests of the page at `/try` and their room: created once per browser, then reused. */
import { kept } from "../kept.ts";

/** What is stored of them. Accounts and rooms cannot be deleted, so new ones on each visit would add up. */
export interface Party {
  /** The guests' emails and passwords are derived from it. */
  secret: string;
  /** Null until there is a room. */
  roomId: string | null;
}

const KEPT = kept("echoroom:try");

/** The party of this browser; a new one if it has none. */
export function loadParty(): Party {
  const party = KEPT.readJson() as Party | null ?? { secret: newSecret(), roomId: null };
  storeParty(party);
  return party;
}

export function storeParty(party: Party): void {
  KEPT.write(JSON.stringify(party));
}

export function credentialsOf(
  name: string,
  { secret }: Party,
): { email: string; password: string } {
  return { email: `${name.toLowerCase()}-${secret}@example.com`, password: secret };
}

/** Unlike `randomUUID` this works over plain http, too. */
function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
