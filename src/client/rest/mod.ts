/**
 * The REST routes beyond those that every chat needs, as typed functions of a client's `api`: members,
 * moderation, invitations, people, search. Each throws an `EchoRoomError` on a refusal.
 *
 * @example
 * ```ts
 * import { createClient } from "@echoroom/client";
 * import { createInvitation, createRoom } from "@echoroom/client/rest";
 *
 * const client = createClient("https://chat.example.com");
 * const ada = { email: "ada@example.com", password: "correct horse", displayName: "Ada" };
 * await client.login(ada).catch(() => client.register(ada));
 * const room = await createRoom(client.api, { name: "Plans", type: "private" });
 * const { url } = await createInvitation(client.api, room.id, { maxUses: 1 });
 * console.log(`https://chat.example.com${url}`);
 * ```
 *
 * @module
 */
export * from "./instances.ts";
export * from "./invitations.ts";
export * from "./members.ts";
export * from "./moderation.ts";
export * from "./rooms.ts";
export * from "./search.ts";
export * from "./users.ts";
export type { Block, BlocksPage } from "../../protocol/wire/blocks.ts";
export type { File as FileInfo } from "../../protocol/wire/files.ts";
export type { Instance, InstanceStatus } from "../../protocol/wire/instances.ts";
export type {
  Invitation,
  InvitationsPage,
  InvitedRoom,
  NewInvitation,
} from "../../protocol/wire/invitations.ts";
export type { AuditEntry, OwnReport, Report, ReportState } from "../../protocol/wire/moderation.ts";
export type { NewRoom, RoomsQuery } from "../../protocol/wire/rooms.ts";
export type {
  SearchedContent,
  SearchPage,
  SearchQuery,
  SearchResult,
} from "../../protocol/wire/search.ts";
export type { FoundUser, Restriction } from "../../protocol/wire/users.ts";
