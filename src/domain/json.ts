/** JSON of apps that the server keeps and does not read. */

export type JsonObject = { [name: string]: unknown };
