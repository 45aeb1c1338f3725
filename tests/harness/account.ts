/** A person who uses the REST API in tests: their tokens, their cookie, their requests. */
import { patiently, withMessageId } from "./patience.ts";

export interface Answer {
  status: number;
  headers: Headers;
  // deno-lint-ignore no-explicit-any -- tests look into answers of every shape
  body: any;
}

/** Where commands are done twice when they are repeated, unless they carry an id. */
const MESSAGE_PATHS: Record<string, RegExp> = {
  POST: /^\/rooms\/[^/]+\/messages$/,
  PATCH: /^\/rooms\/[^/]+\/messages\/[^/]+$/,
};

let count = 0;

/** Sends one request, with `body` as JSON, and reads whatever comes back. */
export async function request(
  url: string,
  method: string,
  path: string,
  options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { token, body, headers = {} } = options;
  const response = await fetch(`${url}${path}`, {
    method,
    redirect: "manual",
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
  };
}

export function isUnavailable({ status }: { status: number }): boolean {
  return status === 503;
}

export class Account {
  readonly url: string;
  readonly email: string;
  readonly password = "correct horse";
  id = "";
  token = "";
  /** The refresh cookie as `Cookie` wants it: `refresh_token=…`. */
  cookie = "";

  private constructor(url: string, email: string) {
    this.url = url;
    this.email = email;
  }

  /** Registers somebody new; repeats a registration that is `unavailable`. */
  static async register(url: string, displayName: string): Promise<Account> {
    const name = displayName.toLowerCase().replaceAll(/\W/g, "");
    const account = new Account(url, `${name}${++count}.${crypto.randomUUID()}@example.com`);
    const { email, password } = account;
    const post = (path: string, body: unknown) => {
      return patiently(() => request(url, "POST", path, { body }), isUnavailable);
    };
    let answer = await post("/auth/register", { email, password, displayName });
    // Done by an attempt before whose answer the store's time was up.
    if (answer.body.code === "email_taken") answer = await post("/auth/login", { email, password });
    if (answer.status >= 400) throw new Error(`register: ${JSON.stringify(answer.body)}`);
    account.signIn(answer);
    return account;
  }

  /** The same account on another instance. */
  at(url: string): Account {
    return Object.assign(new Account(url, this.email), {
      id: this.id,
      token: this.token,
      cookie: this.cookie,
    });
  }

  /** Sends a request with this account's access token, again while it is `unavailable`. */
  request(method: string, path: string, body?: unknown): Promise<Answer> {
    const repeatable = MESSAGE_PATHS[method]?.test(path) ? withMessageId(body) : body;
    return patiently(() => this.requestOnce(method, path, repeatable), isUnavailable);
  }

  requestOnce(method: string, path: string, body?: unknown): Promise<Answer> {
    return request(this.url, method, path, { token: this.token, body });
  }

  /** Makes a room and returns it as the server shows it. */
  async createRoom(name: string): Promise<{ id: string; slug: string; lastSeq: number }> {
    const { status, body } = await this.request("POST", "/rooms", { name });
    if (status !== 201) throw new Error(`create room: ${JSON.stringify(body)}`);
    return body.room;
  }

  /** Rotates the refresh cookie, or uses the given one; again while that is `unavailable`. */
  async refresh(cookie = this.cookie): Promise<Answer> {
    const answer = await this.#postCookie("/auth/refresh", cookie);
    if (answer.status === 200) this.signIn(answer);
    return answer;
  }

  /** Signs out, again while that is `unavailable`. */
  logOut(cookie = this.cookie): Promise<Answer> {
    return this.#postCookie("/auth/logout", cookie);
  }

  #postCookie(path: string, cookie: string): Promise<Answer> {
    const post = () => request(this.url, "POST", path, { headers: { cookie } });
    return patiently(post, isUnavailable);
  }

  private signIn({ headers, body }: Answer): void {
    this.id = body.user.id;
    this.token = body.accessToken;
    this.cookie = headers.getSetCookie()[0]!.split(";")[0]!;
  }
}
