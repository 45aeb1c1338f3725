/** Uploads that clients send to the blob store: `POST /files` with JSON, `POST /files/:id/complete`. */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { Dependencies } from "../application/dependencies.ts";
import { beginUpload } from "../application/files/begin_upload.ts";
import { completeUpload } from "../application/files/complete_upload.ts";
import type { ErrorCode } from "../domain/errors.ts";
import { invalidInput } from "../protocol/input_errors.ts";
import {
  AnnouncedFile,
  FileIdPath,
  presentFile,
  presentUpload,
} from "../protocol/schemas/files.ts";
import { AUTH, BEARER, problemsWith } from "./answers.ts";
import type { Env } from "./context.ts";
import { requireUser } from "./guards.ts";
import { requireJson } from "./input.ts";

const REFUSALS: ErrorCode[] = [
  "validation_failed",
  "file_not_found",
  "file_not_ready",
  "file_too_large",
  "unsupported_media_type",
  ...AUTH,
];

/** What the OpenAPI document says of the completion, in its own words. */
export const COMPLETION_PATH = {
  "/files/{id}/complete": {
    post: {
      operationId: "postFilesByIdComplete",
      tags: ["files"],
      summary: "Complete an upload whose bytes were sent to the S3 service",
      security: BEARER,
      parameters: [{
        in: "path" as const,
        name: "id",
        required: true,
        schema: { type: "string" as const },
      }],
      responses: {
        200: {
          description: "It is checked and complete, now or before",
          content: {
            "application/json": {
              schema: {
                type: "object" as const,
                required: ["file"],
                properties: { file: schemaOf("File") },
              },
            },
          },
        },
        ...problemsWith(schemaOf("Problem"), ...REFUSALS),
      },
    },
  },
};

const COMPLETION = /^\/files\/([^/]+)\/complete$/;
const done = () => Promise.resolve();

/**
 * To be used before the routes of `/files`, to which it leaves all other requests. It is no route
 * itself: Hono's fast router has no parameter beside `/files/token`.
 */
export function directUploads(dependencies: Dependencies, isDraining: () => boolean) {
  const signedIn = requireUser(dependencies);
  const readJson = requireJson(isDraining);
  return createMiddleware<Env>(async (c, next) => {
    if (c.req.method !== "POST") return await next();
    const id = COMPLETION.exec(c.req.path)?.[1];
    if (id === undefined && !isAnnouncement(c)) return await next();
    await signedIn(c, done);
    if (id !== undefined) return await complete(c, dependencies, id);
    await readJson(c, done);
    return await begin(c, dependencies);
  });
}

async function begin(c: Context<Env>, dependencies: Dependencies): Promise<Response> {
  const { data, error } = AnnouncedFile.safeParse(await c.req.json());
  if (error) throw invalidInput(error.issues);
  const { file, upload } = await beginUpload(c.get("actor"), dependencies, data);
  return c.json({ file: presentFile(file), upload: presentUpload(upload) }, 201);
}

async function complete(
  c: Context<Env>,
  dependencies: Dependencies,
  given: string,
): Promise<Response> {
  const { data, error } = FileIdPath.safeParse({ id: given });
  if (error) throw invalidInput(error.issues);
  const file = await completeUpload(c.get("actor"), dependencies, data.id);
  return c.json({ file: presentFile(file) }, 200);
}

/** JSON that is the bytes of a file has a name in the query. */
function isAnnouncement(c: Context<Env>): boolean {
  const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  return c.req.path === "/files" && type === "application/json" &&
    c.req.query("name") === undefined;
}

function schemaOf(name: string) {
  return { $ref: `#/components/schemas/${name}` };
}
