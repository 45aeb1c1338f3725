/** The signed-in session: its access token, held in memory only, and the REST calls made with it. */

/** A token is renewed when a quarter of its life is left, or this much of a long one. */
const RENEW_BEFORE_MS = 60_000;
/** Longer timers overflow in browsers. */
const LONGEST_TIMER_MS = 24 * 60 * 60_000;

/** A refusal, in the server's own words where it gave some. */
export class ApiError extends Error {
  /** @param {{message: string, code: string, status?: number, retryAfter?: number}} refusal */
  constructor({ message, code, status, retryAfter }) {
    super(message);
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

export class Session {
  /** @type {{id: string, email: string, displayName: string, avatarUrl: string | null} | null} */
  user = null;
  /** Called when the server no longer accepts the session. */
  onEnded = () => {};

  #token = "";
  /** By the local clock: the server's may differ, so only the length of a token's life counts. */
  #renewAt = 0;
  /** @type {Promise<void> | null} */
  #refreshing = null;

  /** Takes up the session that the refresh cookie holds, if there is one. */
  async restore() {
    try {
      this.#begin(await call("POST", "/auth/refresh"));
    } catch (error) {
      if (error.status !== 401) throw error;
    }
  }

  /** @param {{email: string, password: string, displayName: string}} account */
  async register(account) {
    this.#begin(await call("POST", "/auth/register", { body: account }));
  }

  /** @param {{email: string, password: string}} credentials */
  async login(credentials) {
    this.#begin(await call("POST", "/auth/login", { body: credentials }));
  }

  async logout() {
    // A refresh that ends later would bring the session back.
    await this.#refreshing?.catch(() => {});
    await call("POST", "/auth/logout");
    this.user = null;
    this.#token = "";
  }

  /** How long the token may still be used before it should be renewed. */
  get msUntilRenewal() {
    return Math.min(Math.max(0, this.#renewAt - Date.now()), LONGEST_TIMER_MS);
  }

  /** A token with life left in it. */
  async freshToken() {
    if (this.msUntilRenewal === 0) await this.renew();
    return this.#token;
  }

  /** Has the token renewed before it is used again. */
  distrustToken() {
    this.#renewAt = 0;
  }

  /** Gets a new token; callers at the same time share one request. */
  renew() {
    this.#refreshing ??= this.#refresh().finally(() => this.#refreshing = null);
    return this.#refreshing;
  }

  /**
   * Calls a protected route.
   * @returns {Promise<any>}
   */
  async request(method, path, body) {
    const token = await this.freshToken();
    try {
      return await call(method, path, { body, token });
    } catch (error) {
      if (error.code !== "token_expired") throw error;
      await this.renew();
      return await call(method, path, { body, token: this.#token });
    }
  }

  async #refresh() {
    const answer = await call("POST", "/auth/refresh").catch((error) => {
      if (error.status === 401) this.#end();
      throw error;
    });
    if (answer.user.id === this.user?.id) return this.#begin(answer);
    this.#end();
    const message = "Someone else has signed in from another tab.";
    throw new ApiError({ message, code: "forbidden" });
  }

  #begin({ user, accessToken, expiresIn }) {
    const lifeMs = expiresIn * 1000;
    this.user = user;
    this.#token = accessToken;
    this.#renewAt = Date.now() + lifeMs - Math.min(RENEW_BEFORE_MS, lifeMs / 4);
  }

  #end() {
    this.user = null;
    this.#token = "";
    this.onEnded();
  }
}

async function call(method, path, { body, token } = {}) {
  const headers = new Headers();
  if (body) headers.set("Content-Type", "application/json");
  if (token) headers.set("Authorization", `Bearer ${token}`);
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) })
    .catch(() => {
      throw new ApiError({ message: "The server cannot be reached.", code: "unreachable" });
    });
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  const { status } = response;
  const message = answer?.detail ?? `The server answered with status ${status}.`;
  throw new ApiError({ message, code: answer?.code ?? "internal", status });
}
