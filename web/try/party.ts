/** The two guests of the page at `/try` and their room: created once per browser, then reused. */

/** What is stored of them. Accounts and rooms cannot be deleted, so new ones on each visit would add up. */
export interface Party {
  /** The guests' emails and passwords are derived from it. */
  secret: string;
  /** Null until there is a room. */
  roomId: string | null;
}

const KEY = "echoroom:try";

/** The party of this browser; a new one if it has none. */
export function loadParty(): Party {
  const party = stored() ?? { secret: newSecret(), roomId: null };
  storeParty(party);
  return party;
}

export function storeParty(party: Party): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(party));
  } catch {
    // Full, or forbidden by the browser: the next visit creates new guests.
  }
}

export function credentialsOf(
  name: string,
  { secret }: Party,
): { email: string; password: string } {
  return { email: `${name.toLowerCase()}-${secret}@example.com`, password: secret };
}

function stored(): Party | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

/** Unlike `randomUUID` this works over plain http, too. */
function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
