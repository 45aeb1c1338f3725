/** Uploads and downloads in tests. */
import assert from "node:assert/strict";
import type { File } from "../../src/protocol/wire/files.ts";
import { type Account, isUnavailable } from "./account.ts";
import { patiently } from "./patience.ts";
import { halves } from "./pictures.ts";

/** A PDF in a few bytes. */
export const PDF = "%PDF-1.4\n%âãÏÓ\n1 0 obj\nendobj\ntrailer\n%%EOF\n";

type Body = Uint8Array | string | ReadableStream<Uint8Array> | FormData;

interface Sent {
  name?: string | null;
  type?: string;
  headers?: Record<string, string>;
}

export interface Answered {
  status: number;
  headers: Headers;
  // deno-lint-ignore no-explicit-any -- an answer
  body: any;
}

/** Sends a file and reads what is answered. */
export async function post(
  { url, token }: Pick<Account, "url" | "token">,
  body: Body,
  { name = "notes.txt", type, headers = {} }: Sent = {},
): Promise<Answered> {
  const query = name === null ? "" : `?name=${encodeURIComponent(name)}`;
  const response = await fetch(`${url}/files${query}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      ...(type !== undefined && { "content-type": type }),
      ...headers,
    },
    body: body as BodyInit,
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** Uploads a file that is accepted, again while that is `unavailable`; a stream once. */
export async function upload(account: Account, body: Body = "Hello", sent?: Sent): Promise<File> {
  const answer = await patiently(
    () => post(account, body, sent),
    (answer) => isUnavailable(answer) && !(body instanceof ReadableStream),
  );
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body.file;
}

/** Uploads a picture of this size. */
export async function uploadPicture(account: Account, width: number, height: number) {
  const bytes = new Uint8Array(await halves(width, height).png().toBuffer());
  return await upload(account, bytes, { name: "halves.png", type: "image/png" });
}

/** Asks for a path with the account's access token, or as it is; again while it is `unavailable`. */
export function get(...asked: Parameters<typeof getOnce>): ReturnType<typeof getOnce> {
  return patiently(() => getOnce(...asked), isUnavailable);
}

async function getOnce(
  { url, token }: { url: string; token: string | null },
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<{ status: number; headers: Headers; bytes: Uint8Array; text: string }> {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(url + path, { method, headers: { ...authorization, ...headers } });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  return { status: response.status, headers: response.headers, bytes, text };
}

/** What an account is answered that asks for a file. */
export async function statusOf(account: Account, { url }: File, at = account.url): Promise<number> {
  return (await get({ url: at, token: account.token }, url)).status;
}

/** A token for `?token=`. */
export async function fileToken(account: Account): Promise<string> {
  const { status, body } = await account.request("POST", "/files/token");
  assert.equal(status, 200, JSON.stringify(body));
  return body.token;
}
