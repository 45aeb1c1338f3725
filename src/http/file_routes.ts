/** `/files`: uploads, downloads, and the tokens with which pages show files. */
import { type Context, Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { describeRoute, resolver } from "hono-openapi";
import type { Dependencies } from "../application/dependencies.ts";
import { deleteFile } from "../application/files/delete_file.ts";
import { findFile } from "../application/files/find_file.ts";
import { checkSize, uploadFile } from "../application/files/upload_file.ts";
import { authenticateForFiles } from "../application/sessions/authenticate.ts";
import { ChatError, type ErrorCode, fileNotFound, unavailable } from "../domain/errors.ts";
import { type File, FILE_TOKEN_SECONDS, thumbnailKey } from "../domain/file.ts";
import {
  AnnouncedFile,
  FileIdPath,
  FilePath,
  FileQuery,
  FileTokenAnswer,
  presentFile,
  UploadAnswer,
  UploadQuery,
} from "../protocol/schemas/files.ts";
import { contentDisposition } from "../services/files/file_names.ts";
import { isInline } from "../services/files/file_types.ts";
import { SMALL_TYPE } from "../services/files/images.ts";
import { AUTH, BEARER, describedAs, empty, json, problems } from "./answers.ts";
import type { Env } from "./context.ts";
import { answerFile, fileResponses, PRIVATE, type Representation } from "./file_answers.ts";
import { declaredSize, readUpload } from "./file_uploads.ts";
import { requireUser } from "./guards.ts";
import { path, query } from "./input.ts";

const describe = describedAs("files");

const UPLOAD: ErrorCode[] = [
  "validation_failed",
  "file_too_large",
  "quota_exceeded",
  "unsupported_media_type",
];
const BINARY = { type: "string", format: "binary" } as const;

export function fileRoutes(dependencies: Dependencies, isDraining: () => boolean) {
  const signedIn = requireUser(dependencies);
  return new Hono<Env>()
    .post(
      "/",
      describeRoute({
        tags: ["files"],
        summary:
          "Upload a file: its bytes as the body, or in the field `file` of a form; as JSON " +
          "without `?name=`, announce one whose bytes are sent to the S3 service",
        security: BEARER,
        requestBody: {
          required: true,
          content: {
            "application/octet-stream": { schema: BINARY },
            "application/json": { schema: resolver(AnnouncedFile) },
            "multipart/form-data": {
              schema: { type: "object", required: ["file"], properties: { file: BINARY } },
            },
          },
        },
        responses: {
          201: json(UploadAnswer, "It is complete; in no message for 24 h, it is deleted"),
          ...problems(...UPLOAD, ...AUTH),
        },
      }),
      signedIn,
      query(UploadQuery),
      async (c) => {
        const { raw } = c.req;
        try {
          checkSize(declaredSize(raw), dependencies.fileLimits);
          const upload = await readUpload(raw, c.req.valid("query").name);
          const file = await uploadFile(c.get("actor"), dependencies, upload);
          return c.json({ file: presentFile(file) }, 201);
        } catch (error) {
          // Closing the listener cuts off the bodies of requests that are still being read.
          if (isDraining()) throw unavailable("The server is restarting.", error);
          throw error;
        }
      },
    )
    .post(
      "/token",
      describe("Get a token with which files are read where no header can be sent", {
        200: json(FileTokenAnswer, "For `?token=`; it ends with the session"),
        ...problems(...AUTH),
      }),
      signedIn,
      async (c) => {
        const { userId, sessionId } = c.get("actor");
        const token = await dependencies.tokens.issueFiles(userId, sessionId);
        return c.json({ token, expiresIn: FILE_TOKEN_SECONDS }, 200);
      },
    )
    .get(
      "/:id/:name",
      describeRoute({
        tags: ["files"],
        summary:
          "Read a file: for its uploader, then for who may read a message that it is in, or a report of one",
        security: [...BEARER, { fileToken: [] }],
        responses: {
          ...fileResponses("Its bytes; images, audio and video inline", "*/*"),
          ...problems("validation_failed", "file_not_found", ...AUTH),
        },
      }),
      showsUpload,
      mayReadFiles(dependencies),
      path(FilePath),
      query(FileQuery),
      async (c) => {
        const file = await findFile(c.get("actor"), dependencies, c.req.valid("param").id);
        const isThumbnail = c.req.valid("query").size === "thumb";
        const shown = isThumbnail ? await thumbnailOf(dependencies, file) : wholeOf(file);
        const answer = await answerFile(c, dependencies.blobs, shown);
        if (!answer) throw fileNotFound();
        return answer;
      },
    )
    .delete(
      "/:id",
      describe("Delete one's own file that is in no message", {
        204: empty("It is deleted"),
        ...problems("validation_failed", "file_not_found", "file_in_use", ...AUTH),
      }),
      signedIn,
      path(FileIdPath),
      async (c) => {
        await deleteFile(c.get("actor"), dependencies, c.req.valid("param").id);
        return c.body(null, 204);
      },
    );
}

/** Makes what is refused as harmless and as private as the bytes of files are. */
const showsUpload = createMiddleware<Env>(async (c, next) => {
  c.set("isUpload", true);
  await next();
  const { headers } = c.res;
  if (!headers.has("cache-control")) headers.set("cache-control", PRIVATE);
});

/** Lets requests with a token for files in the query pass, or as `requireUser`. */
function mayReadFiles(services: Dependencies) {
  const signedIn = requireUser(services);
  return createMiddleware<Env>(async (c: Context<Env>, next) => {
    const token = c.req.query("token");
    if (token === undefined) return await signedIn(c, next);
    if (token === "") throw new ChatError("unauthenticated", "The token is empty.");
    c.set("actor", await authenticateForFiles(services, token));
    await next();
  });
}

function wholeOf({ id, name, type, size, blobKey, createdAt }: File): Representation {
  const disposition = contentDisposition(name, isInline(type));
  return { key: blobKey, type, size, etag: `"${id}"`, modifiedAt: createdAt, disposition };
}

/**
 * A small picture of an image: itself, if it is small.
 * @throws ChatError `file_not_found` if it is no image
 */
async function thumbnailOf(
  { blobs }: Pick<Dependencies, "blobs">,
  file: File,
): Promise<Representation> {
  if (file.width === null) throw fileNotFound();
  if (!file.hasThumbnail) return wholeOf(file);
  const key = thumbnailKey(file.blobKey);
  const stored = await blobs.stat(key);
  if (!stored) throw fileNotFound();
  const { id, name, createdAt: modifiedAt } = file;
  const disposition = contentDisposition(name, true);
  const etag = `"${id}-thumb"`;
  return { key, type: SMALL_TYPE, size: stored.size, etag, modifiedAt, disposition };
}
