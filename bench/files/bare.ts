/**
 * A bare Deno file server: `PUT /name` streams the body into a file, `GET /name` streams it back.
 *
 * It does not: accounts, checks, types, quotas, ranges, `fsync`.
 */
import { basename, join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { port: { type: "string" }, folder: { type: "string" } },
});

Deno.serve(
  { port: Number(values.port), hostname: "127.0.0.1", onListen: () => {} },
  async (request) => {
    const path = join(values.folder!, basename(new URL(request.url).pathname));
    if (request.method === "GET") return new Response((await Deno.open(path)).readable);
    const file = await Deno.open(path, { write: true, create: true, truncate: true });
    await request.body!.pipeTo(file.writable);
    return new Response(null, { status: 201 });
  },
);
