/** Files as both transports show them. */
import { z } from "zod";
import type { Attachment } from "../../domain/file.ts";
import { isoTime } from "../iso_time.ts";
import type * as wire from "../wire/files.ts";
import { MAX_ID_LENGTH } from "../wire/limits.ts";
import { Id, Time } from "./fields.ts";

const MAX_TOKEN_LENGTH = 4_096;
const MAX_TYPE_LENGTH = 255;
/** RFC 9110, 8.3.1, as browsers write it. */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(; ?[\w-]+=[\w."-]+)*$/;

export const File = z.object({
  id: Id,
  name: z.string(),
  type: z.string().meta({ description: "the media type that its bytes were found to be" }),
  size: z.int().min(0).meta({ description: "in bytes" }),
  width: z.int().min(1).nullable(),
  height: z.int().min(1).nullable(),
  url: z.string().meta({ description: "a path on this server, which never changes" }),
  thumbnailUrl: z.string().nullable().meta({
    description: "the same of a small picture; null unless it is an image",
  }),
  createdAt: Time,
}).meta({ id: "File" }) satisfies z.ZodType<wire.File>;

export function presentFile(file: Attachment): wire.File {
  const { id, name, type, size, width, height, createdAt } = file;
  const url = `/files/${id}/${pathSegment(name)}`;
  return {
    id,
    name,
    type,
    size,
    width,
    height,
    url,
    thumbnailUrl: width === null ? null : `${url}?size=thumb`,
    createdAt: isoTime(createdAt),
  };
}

/** A name as one segment of a path; one of dots would be a step in it, percent-encoded or not. */
function pathSegment(name: string): string {
  return /^\.{0,2}$/.test(name) ? "file" : encodeURIComponent(name);
}

const FileAnswer = z.object({ file: File });

/** Of bytes that are sent to the blob store. */
export const AnnouncedFile = z.object({
  name: z.string().meta({ description: "cleaned, never refused" }),
  type: z.string().max(MAX_TYPE_LENGTH).regex(MEDIA_TYPE, { error: "must be a media type" }),
  size: z.int().min(1).meta({ description: "in bytes; exact" }),
});

const FileUpload = z.object({
  url: z.string(),
  method: z.string(),
  headers: z.record(z.string(), z.string()).meta({ description: "to be sent as they are" }),
  expiresAt: Time,
}).meta({ id: "FileUpload" }) satisfies z.ZodType<wire.FileUpload>;

export const UploadAnswer = FileAnswer.extend({
  upload: FileUpload.optional().meta({ description: "how to send the bytes of an announced file" }),
});

export function presentUpload(
  { expiresAt, ...request }: Omit<wire.FileUpload, "expiresAt"> & { expiresAt: Date },
): wire.FileUpload {
  return { ...request, expiresAt: isoTime(expiresAt) };
}

export const UploadQuery = z.object({
  // Of several the first: names are never refused.
  name: z.preprocess((sent) => [sent].flat()[0], z.string().optional()).optional().meta({
    description: "cleaned, never refused; in a form that of the file is taken if it is left out",
  }),
});

const FileId = z.string().min(1).max(MAX_ID_LENGTH);
export const FileIdPath = z.object({ id: FileId });

/** Whatever the name is: it is there for whoever saves the file or reads the link. */
export const FilePath = FileIdPath.extend({ name: z.string() });

export const FileQuery = z.object({
  size: z.enum(["thumb"]).optional().meta({ description: "a small picture of an image" }),
  token: z.string().max(MAX_TOKEN_LENGTH).optional().meta({
    description: "of POST /files/token, where no header can be sent",
  }),
});

export const FileTokenAnswer = z.object({
  token: z.string(),
  expiresIn: z.int().meta({ description: "in seconds" }),
});
