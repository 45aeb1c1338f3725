/** Uploads of bytes straight to the store of a server that signs requests for it, as S3. */
import type { File as UploadedFile, FileUpload } from "../protocol/wire/files.ts";
import type { Api } from "./api.ts";
import type { Connection, ConnectionState } from "./connection.ts";
import { closed, type EchoRoomError, isPassing } from "./errors.ts";
import { pathOf } from "./paths.ts";
import { type ClientFetch, inTime } from "./platform.ts";
import { UPLOAD_MS, uploading } from "./upload_request.ts";

/** What they need of the client around them. */
export interface DirectUploadsHost {
  readonly api: Api;
  readonly connection: Pick<Connection, "state" | "welcome">;
  /** The `fetch` is the app's own; undefined for the runtime's. */
  readonly options: { readonly fetch?: ClientFetch };
}

/** A file on its way. */
export interface DirectUpload {
  name: string;
  blob: Blob;
  /** Ends it. */
  signal: AbortSignal;
  /** Is called with the number of bytes that have gone out. */
  onSent(bytes: number): void;
}

/** How long the server may take to check a file, and to clean a picture. */
const CHECK_MS = 60_000;

/**
 * The store may be out of this client's reach, or not take uploads from its page (CORS), and only an
 * attempt shows that: what it does not take the server takes, and so it does the next files of the
 * connection.
 */
export class DirectUploads {
  readonly #host: DirectUploadsHost;
  /** The files that the store has and the server has not checked yet, by their ids. */
  readonly #unchecked = new WeakMap<Blob, string>();
  /** The connection in which the store did not take a file. */
  #failedIn: ConnectionState | null = null;

  constructor(host: DirectUploadsHost) {
    this.#host = host;
  }

  /**
   * Uploads a file; repeated after a passing error it goes on with what is missing.
   * @returns null if the server itself is to be sent the bytes
   * @throws {EchoRoomError} the server's refusal of the bytes, a passing error, or `closed` once ended
   */
  async send(file: DirectUpload): Promise<UploadedFile | null> {
    const { signal, blob } = file;
    const id = this.#unchecked.get(blob) ?? await this.#sendBytes(file);
    if (id === null) return null;
    try {
      return await this.#check(id);
    } catch (error) {
      if (isPassing(error as EchoRoomError) && !signal.aborted) this.#unchecked.set(blob, id);
      else this.#unchecked.delete(blob);
      // It was announced too long ago.
      if ((error as EchoRoomError).code === "file_not_found") return null;
      throw error;
    }
  }

  /** The store has not moved a file on this connection: the server takes the next ones. */
  avoid(connection: ConnectionState): void {
    this.#failedIn = connection;
  }

  /** @returns the file's id; null if the store does not take it */
  async #sendBytes({ name, blob, signal, onSent }: DirectUpload): Promise<string | null> {
    const { options, connection: { state, welcome } } = this.#host;
    if (!welcome.signsUploads || this.#failedIn === state.get()) return null;
    const announced = await this.#announce(name, blob);
    if (!announced) return null;
    const { file: { id }, upload: { url, method, headers } } = announced;
    const request = { method, headers, body: blob, credentials: "omit" } as const;
    const sending = inTime(UPLOAD_MS, (late) => {
      return uploading(options.fetch, signal, onSent)(url, { ...request, signal: late });
    });
    if (await sending.then(({ ok }) => ok, () => false)) return id;
    const forgotten = this.#forget(id);
    if (signal.aborted) throw closed();
    this.#failedIn = state.get();
    await forgotten;
    return null;
  }

  /** @returns null if the server refuses: it says why when it is sent the bytes */
  #announce(name: string, { type, size }: Blob): Promise<Announced | null> {
    const body = { name, type: type || "application/octet-stream", size };
    const announced = this.#host.api.request<Announced>("POST", "files", { body });
    return announced.catch((error: EchoRoomError) => {
      if (isPassing(error)) throw error;
      return null;
    });
  }

  async #check(id: string): Promise<UploadedFile> {
    const path = pathOf("files", id, "complete");
    const call = { answerMs: CHECK_MS };
    return (await this.#host.api.request<{ file: UploadedFile }>("POST", path, call)).file;
  }

  /** Frees its place in the user's quota, which it would lose after an hour. */
  async #forget(id: string): Promise<void> {
    await this.#host.api.request("DELETE", pathOf("files", id)).catch(() => {});
  }
}

interface Announced {
  file: UploadedFile;
  upload: FileUpload;
}
