/** The request of an upload: by `XMLHttpRequest`, which tells how far it is, where there is one. */
import type { ClientFetch, ClientRequest, ClientResponse } from "./platform.ts";

/** The part of an `XMLHttpRequest` that is used here: not every runtime has its type. */
interface Transfer {
  readonly status: number;
  readonly responseText: string;
  readonly upload: { onprogress: ((event: { loaded: number }) => void) | null };
  onload: (() => void) | null;
  onerror: (() => void) | null;
  onabort: (() => void) | null;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  getResponseHeader(name: string): string | null;
  send(body: string | Blob | undefined): void;
  abort(): void;
}

/** How long one file may take. */
export const UPLOAD_MS = 60 * 60_000;

const { XMLHttpRequest } = globalThis as unknown as { XMLHttpRequest?: new () => Transfer };

/**
 * A `fetch` for one upload.
 * @param fetch the app's own; undefined for the runtime's
 * @param signal ends the upload
 * @param onSent is called at the beginning, with 0, and with the number of bytes that have gone out; not
 *   where only `fetch` is there
 */
export function uploading(
  fetch: ClientFetch | undefined,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): ClientFetch {
  return (url, request) => {
    const controller = new AbortController();
    const abort = () => controller.abort();
    for (const each of [signal, request.signal]) {
      if (each.aborted) abort();
      else each.addEventListener("abort", abort);
    }
    const both = { ...request, signal: controller.signal };
    const answered = fetch || !XMLHttpRequest
      ? (fetch ?? (globalThis.fetch as ClientFetch))(url, both)
      : transfer(new XMLHttpRequest(), url, both, onSent);
    return answered.finally(() => signal.removeEventListener("abort", abort));
  };
}

function transfer(
  request: Transfer,
  url: string,
  { method, headers, body, signal }: ClientRequest,
  onSent: (bytes: number) => void,
): Promise<ClientResponse> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new TypeError("The upload broke off."));
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => onSent(loaded);
    request.onerror = fail;
    request.onabort = fail;
    request.onload = () => {
      const { status, responseText } = request;
      resolve({
        ok: status >= 200 && status < 300,
        status,
        headers: { get: (name) => request.getResponseHeader(name) },
        text: () => Promise.resolve(responseText),
      });
    };
    if (signal.aborted) return fail();
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
    onSent(0);
  });
}
