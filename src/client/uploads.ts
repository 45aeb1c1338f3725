/** Messages whose files are on their way: uploaded one after the other, then sent as any other. */
import { MAX_ATTACHMENTS } from "../protocol/wire/limits.ts";
import type { File as UploadedFile } from "../protocol/wire/files.ts";
import {
  type Ack,
  isChange,
  type OutgoingFile,
  type Unsent,
  type UnsentMessage,
  withTarget,
} from "./commands.ts";
import { type DirectUpload, DirectUploads, type DirectUploadsHost } from "./direct_uploads.ts";
import { type EchoRoomError, failure, isPassing, unreachable } from "./errors.ts";
import type { JoinedRooms } from "./joined_rooms.ts";
import { edited } from "./folding.ts";
import { type Kept, type KeptMessage, KeptUploads } from "./kept_uploads.ts";
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

/** What changes or answers a message whose files are on their way. */
interface Held {
  unsent: Unsent;
  acked: Promise<Ack | null>;
  resolve(ack: Ack | null): void;
  reject(error: EchoRoomError): void;
}

interface Upload {
  message: UnsentMessage & { files: readonly OutgoingFile[] };
  /** In order. */
  readonly behind: Held[];
  readonly kept: Promise<Kept>;
  isSending: boolean;
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
    const { sendId, change } = draft;
    const target = this.#targetOf(sendId);
    const isOwn = target?.message.clientMessageId === sendId;
    if (!target) return this.#takeFiles(draft);
    if (isOwn && change?.event === "message:delete") {
      this.#host.rooms.report(target.message, { state: "discarded" });
      this.#end(target, failure("discarded", "It was deleted unsent."));
      return Promise.resolve(null);
    }
    const unsent: Unsent = { createdAt: new Date().toISOString(), ...draft };
    if (isOwn && change?.event === "message:edit") {
      target.message = edited(target.message, unsent) as Upload["message"];
      this.#keep(target);
      this.#host.rooms.report(target.message, { state: target.isSending ? "sending" : "queued" });
      return target.acked;
    }
    if (!isChange(unsent) && unsent.files) return this.#takeFiles(unsent);
    const acked = this.#hold(target, unsent);
    this.#keep(target);
    return acked;
  }

  /** What a page before has left, unless another page that still lives is at it. */
  async resume(): Promise<void> {
    if (this.#isResumed) return;
    this.#isResumed = true;
    for (const message of await this.#kept.load()) {
      if (!this.#uploads.has(message.clientMessageId)) this.#add(message).catch(() => {});
    }
  }

  /** What waits for a room, in order. */
  waiting({ id, name, info }: Room): Unsent[] {
    const names = [id, name, info.get()?.slug];
    return [...this.#uploads.values()]
      .flatMap(({ message, behind }) => [message, ...behind.map(({ unsent }) => unsent)])
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

  /** The upload that a message with this `clientMessageId` is, or is behind. */
  #targetOf(id: string | undefined): Upload | undefined {
    return [...this.#uploads.values()].find(({ message, behind }) => {
      return [message, ...behind.map(({ unsent }) => unsent)]
        .some(({ clientMessageId }) => clientMessageId === id);
    });
  }

  /** Shows what changes or answers a message, and holds it until that is in the outbox. */
  #hold({ behind }: Upload, unsent: Unsent): Promise<Ack | null> {
    this.#host.rooms.report(unsent, { state: "queued" });
    const held = { unsent } as Held;
    held.acked = new Promise((resolve, reject) => Object.assign(held, { resolve, reject }));
    behind.push(held);
    return held.acked;
  }

  /** What is behind a message that goes no further goes no further either. */
  #refuse({ behind }: Upload, error: EchoRoomError): void {
    const isOver = isLeftToNext(error);
    for (const { unsent, resolve, reject } of behind) {
      const isUndone = error.code === "discarded" && isChange(unsent);
      if (!isOver) {
        const progress = isUndone
          ? { state: "discarded" } as const
          : { state: "failed", error } as const;
        this.#host.rooms.report(unsent, progress);
      }
      if (isUndone) resolve(null);
      else reject(error);
    }
  }

  /** Keeps a message as it is now, and what is behind it. */
  #keep({ kept, message, behind }: Upload): void {
    const now = { ...message, behind: behind.map(({ unsent }) => unsent) };
    void kept.then(({ update }) => update(now));
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

  #add({ behind = [], ...message }: KeptMessage): Promise<Ack> {
    const { clientMessageId, files, attachments = [] } = message;
    const controller = new AbortController();
    // Twice: a line that is slow, with much on its way, moves in jumps.
    const patienceMs = 2 * this.#host.timing.silenceMs;
    const target = this.#targetOf(message.sendId);
    const kept = this.#kept.keep({ ...message, behind });
    const begun = { message, kept, behind: [], done: [], isSending: false, end: null };
    const upload = { ...begun, controller, patienceMs } as Omit<Upload, "acked"> as Upload;
    this.#uploads.set(clientMessageId, upload);
    this.#host.rooms.report(message, { state: "queued" });
    for (const unsent of behind) this.#hold(upload, unsent).catch(() => {});
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
      // The outbox tells them the message's id.
      for (const { unsent, resolve, reject } of upload.behind) {
        this.#host.outbox.add(unsent).then(resolve, reject);
      }
      kept.then(({ forget }) => forget());
      return acked as Promise<Ack>;
    }, (error: EchoRoomError) => {
      if (this.#uploads.delete(clientMessageId)) {
        this.#host.rooms.report(upload.message, { state: "failed", error });
      }
      this.#refuse(upload, error);
      kept.then(({ forget, release }) => isLeftToNext(error) ? release() : forget());
      throw error;
    });
    // Whoever changes or answers it may come too late to handle it.
    upload.acked.catch(() => {});
    const held = target?.behind.find(({ unsent }) => unsent.clientMessageId === message.sendId);
    if (target) this.#follow(upload, held?.acked ?? target.acked);
    return upload.acked;
  }

  /** An upload that answers a message which has no id yet. */
  #follow(upload: Upload, answered: Promise<Ack | null>): void {
    const isHere = () => this.#uploads.has(upload.message.clientMessageId);
    answered.then((ack) => {
      upload.message = withTarget(upload.message, ack!.id);
      if (isHere()) this.#keep(upload);
    }).catch((error: EchoRoomError) => {
      if (!isHere()) return;
      if (!isLeftToNext(error)) this.#host.rooms.report(upload.message, { state: "failed", error });
      this.#end(upload, error);
    });
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
        upload.isSending = false;
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
    upload.isSending = true;
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

/** Whether the session has ended, or the client was closed: the next page goes on. */
function isLeftToNext({ code }: EchoRoomError): boolean {
  return code === "closed" || code === "signed_out";
}
