/** Messages whose files are on their way: uploaded one after the other, then sent as any other. */
import { MAX_ATTACHMENTS } from "../protocol/wire/limits.ts";
import type { File as UploadedFile } from "../protocol/wire/files.ts";
import { type Ack, type OutgoingFile, type UnsentMessage, withTarget } from "./commands.ts";
import { type DirectUpload, DirectUploads, type DirectUploadsHost } from "./direct_uploads.ts";
import { type EchoRoomError, failure, isPassing, unreachable } from "./errors.ts";
import type { JoinedRooms } from "./joined_rooms.ts";
import { KeptUploads } from "./kept_uploads.ts";
import type { Draft, Outbox } from "./outbox.ts";
import { Pauses } from "./pauses.ts";
import type { ClientFetch } from "./platform.ts";
import type { Room } from "./room.ts";
import type { OutboxStorage } from "./unsent_store.ts";
import type { Timing } from "./timing.ts";
import { UPLOAD_MS, uploading } from "./upload_request.ts";
import { UploadWatch } from "./upload_watch.ts";

/** What uploads need of the client around them. */
export interface UploadsHost extends DirectUploadsHost {
  readonly outbox: Pick<Outbox, "add">;
  readonly rooms: Pick<JoinedRooms, "report">;
  /** The server's address, with a slash at the end. */
  readonly base: string;
  /** Of the client; its `fetch` is undefined for the runtime's. */
  readonly options: { readonly fetch?: ClientFetch; readonly storage: OutboxStorage | null };
  readonly timing: Timing;
  /** Server and user; null while there is no user. */
  readonly owner: string | null;
}

const RETRY_MS = 1_000;
/** A token is not used in the last part of its life, in which a page may still begin to load. */
const TOKEN_REST_MS = 60_000;

interface Upload {
  message: UnsentMessage & { files: readonly OutgoingFile[] };
  /** Those that are complete, in order. */
  readonly done: UploadedFile[];
  readonly controller: AbortController;
  /** How long nothing of it may move. */
  patienceMs: number;
  /** Why it goes no further. */
  end: EchoRoomError | null;
  acked: Promise<Ack>;
}

export class Uploads {
  readonly #host: UploadsHost;
  readonly #kept: KeptUploads;
  readonly #direct: DirectUploads;
  /** By the `clientMessageId`, in the order in which they were written. */
  readonly #uploads = new Map<string, Upload>();
  readonly #pauses = new Pauses();
  /** The last one begun: they take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  #token: { value: Promise<string>; until: number } | null = null;
  #isResumed = false;

  constructor(host: UploadsHost) {
    this.#host = host;
    this.#kept = new KeptUploads(host.options.storage, host.owner);
    this.#direct = new DirectUploads(host);
  }

  /**
   * Takes a message with files, and what changes or answers one.
   * @returns null if it was undone before it was sent; undefined for what is not to be taken here
   * @throws {EchoRoomError} the server's refusal, or `closed`, `signed_out` or `discarded`
   */
  take(draft: Draft): Promise<Ack | null> | undefined {
    const target = this.#uploads.get(draft.sendId ?? "");
    if (!target) return this.#takeFiles(draft);
    if (draft.change?.event === "message:delete") {
      this.#host.rooms.report(target.message, { state: "discarded" });
      this.#end(target, failure("discarded", "It was deleted unsent."));
      return Promise.resolve(null);
    }
    return target.acked.then(({ id }) => {
      const now = withTarget(draft, id);
      return this.#takeFiles(now) ?? this.#host.outbox.add(now);
    });
  }

  /** What a page before has left, unless another page that still lives is at it. */
  async resume(): Promise<void> {
    if (this.#isResumed) return;
    this.#isResumed = true;
    for (const message of await this.#kept.load()) {
      if (!this.#uploads.has(message.clientMessageId)) this.#add(message).catch(() => {});
    }
  }

  /** The messages of a room, in order. */
  waiting({ id, name, info }: Room): UnsentMessage[] {
    const names = [id, name, info.get()?.slug];
    return [...this.#uploads.values()].map(({ message }) => message)
      .filter(({ room }) => names.includes(room));
  }

  /** The address of a file with a token that is good for nine minutes or longer. */
  async urlOf(path: string): Promise<string> {
    this.#token ??= this.#newToken();
    if (this.#token.until < Date.now()) this.#token = this.#newToken();
    const token = await this.#token.value;
    const sign = path.includes("?") ? "&" : "?";
    return `${this.#host.base}${path.replace(/^\//, "")}${sign}token=${encodeURIComponent(token)}`;
  }

  /** Ends all; what is kept stays for the next page. */
  close(error: EchoRoomError): void {
    for (const upload of this.#uploads.values()) this.#end(upload, error);
  }

  /** Forgets what is kept of the user. */
  erase(): Promise<void> {
    return this.#kept.erase();
  }

  #takeFiles(draft: Draft): Promise<Ack> | undefined {
    return "files" in draft && draft.files ? this.#add(draft as Upload["message"]) : undefined;
  }

  #newToken() {
    const answered = this.#host.api.request<{ token: string; expiresIn: number }>(
      "POST",
      "files/token",
    );
    const created = { value: answered.then(({ token }) => token), until: Infinity };
    answered.then(({ expiresIn }) => {
      created.until = Date.now() + Math.max(expiresIn * 1000 - TOKEN_REST_MS, expiresIn * 500);
    }, () => created.until = 0);
    return created;
  }

  #add(message: Upload["message"]): Promise<Ack> {
    const { clientMessageId } = message;
    const controller = new AbortController();
    // Twice: a line that is slow, with much on its way, moves in jumps.
    const patienceMs = 2 * this.#host.timing.silenceMs;
    const begun: Omit<Upload, "acked"> = { message, done: [], controller, patienceMs, end: null };
    const upload = begun as Upload;
    this.#uploads.set(clientMessageId, upload);
    this.#host.rooms.report(message, { state: "queued" });
    const kept = this.#kept.keep(message);
    const { files, attachments = [] } = message;
    const before = this.#turn;
    const turn = files.length + attachments.length > MAX_ATTACHMENTS
      ? Promise.reject(failure("validation_failed", `It has more than ${MAX_ATTACHMENTS} files.`))
      : before.then(() => this.#run(upload));
    this.#turn = turn.catch(() => before);
    const ended = new Promise<never>((_, reject) => {
      controller.signal.addEventListener("abort", () => reject(upload.end));
    });
    upload.acked = Promise.race([turn, ended]).then(() => {
      this.#uploads.delete(clientMessageId);
      const { createdAt: _, files: _f, attachments = [], ...draft } = upload.message;
      const all = [...attachments, ...upload.done];
      const acked = this.#host.outbox.add({ ...draft, attachments: all });
      kept.then(({ forget }) => forget());
      return acked as Promise<Ack>;
    }, (error: EchoRoomError) => {
      if (this.#uploads.delete(clientMessageId)) {
        this.#host.rooms.report(upload.message, { state: "failed", error });
      }
      // The session has ended, or the client was closed: the next page goes on with it.
      const isOver = error.code === "closed" || error.code === "signed_out";
      kept.then(({ forget, release }) => isOver ? release() : forget());
      throw error;
    });
    // Whoever changes or answers it may come too late to handle it.
    upload.acked.catch(() => {});
    return upload.acked;
  }

  /** @param error why it goes no further */
  #end(upload: Upload, error: EchoRoomError): void {
    this.#uploads.delete(upload.message.clientMessageId);
    upload.end = error;
    upload.controller.abort();
    this.#pauses.end();
  }

  /** Uploads what is missing, as often as that may succeed. */
  async #run(upload: Upload): Promise<void> {
    for (;;) {
      await this.#isOnline(upload.controller.signal);
      if (upload.end) throw upload.end;
      try {
        return await this.#sendAll(upload);
      } catch (error) {
        const refusal = upload.end ?? error as EchoRoomError;
        if (upload.end || !isPassing(refusal)) throw refusal;
        const pause = (refusal.retryAfter ?? 0) * 1000 || RETRY_MS;
        const progress = { state: "queued", error: refusal, retryAt: Date.now() + pause } as const;
        this.#host.rooms.report(upload.message, progress);
        await this.#pauses.pause(pause);
      }
    }
  }

  async #sendAll(upload: Upload): Promise<void> {
    const { done, message: { files } } = upload;
    for (const { blob } of files.slice(done.length)) {
      const uploaded = await this.#sendOne(upload);
      this.#sent(upload, blob.size);
      done.push(uploaded);
    }
  }

  /** Sends the next file. */
  async #sendOne(upload: Upload): Promise<UploadedFile> {
    const { done, controller, message: { files } } = upload;
    const { name, blob } = files[done.length]!;
    const { state } = this.#host.connection;
    const online = state.get();
    const watch = new UploadWatch(state, upload.patienceMs, controller.signal);
    const { signal } = watch;
    const onSent = (bytes: number) => {
      if (signal.aborted) return;
      watch.moved(bytes >= blob.size);
      this.#sent(upload, bytes);
    };
    this.#sent(upload, 0);
    try {
      const file = { name, blob, signal, onSent };
      return await this.#direct.send(file) ?? await this.#sendToServer(file);
    } catch (error) {
      if (!watch.isStalled) throw error;
      this.#direct.avoid(online);
      // It may have been a line that is busy, and not dead.
      upload.patienceMs = Math.min(upload.patienceMs * 2, UPLOAD_MS);
      throw unreachable();
    } finally {
      watch.end();
    }
  }

  /** So many bytes of the next file have gone out. */
  #sent(upload: Upload, sent: number): void {
    if (upload.end) return;
    const index = upload.done.length;
    const files = upload.message.files.map((file, i) => i === index ? { ...file, sent } : file);
    upload.message = { ...upload.message, files };
    this.#host.rooms.report(upload.message, { state: "sending" });
  }

  async #sendToServer({ name, blob, signal, onSent }: DirectUpload): Promise<UploadedFile> {
    const call = {
      bytes: blob,
      query: { name },
      answerMs: UPLOAD_MS,
      fetch: uploading(this.#host.options.fetch, signal, onSent),
    };
    const { api } = this.#host;
    return (await api.request<{ file: UploadedFile }>("POST", "files", call)).file;
  }

  /** Resolves once there is a connection, or the upload has ended. */
  #isOnline(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        const { status } = this.#host.connection.state.get();
        if (!signal.aborted && status !== "online") return;
        end();
        signal.removeEventListener("abort", look);
        resolve();
      };
      const end = this.#host.connection.state.subscribe(look);
      signal.addEventListener("abort", look);
      look();
    });
  }
}
