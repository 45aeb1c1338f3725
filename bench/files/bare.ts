/**
 * A bare Deno file server: `PUT /name` streams the body into a file, `GET /name` streams it back.
 *
 * It does not: accounts, checks, types, quotas, ranges; `fsync` only with `--sync`.
 */
import { basename, join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    port: { type: "string" },
    folder: { type: "string" },
    sync: { type: "boolean", default: false },
  },
});

Deno.serve(
  { port: Number(values.port), hostname: "127.0.0.1", onListen: () => {} },
  async (request) => {
    const path = join(values.folder!, basename(new URL(request.url).pathname));
    if (request.method === "GET") return new Response((await Deno.open(path)).readable);
    const file = await Deno.open(path, { write: true, create: true, truncate: true });
    await request.body!.pipeTo(file.writable, { preventClose: true });
    if (values.sync) await file.sync();
    file.close();
    return new Response(null, { status: 201 });
  },
);
