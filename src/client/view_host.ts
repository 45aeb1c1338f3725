/** What a room's pins and threads need of the room around them. */
import type { PublicUser } from "../protocol/wire/users.ts";
import type { Api } from "./api.ts";
import type { Timeline } from "./timeline.ts";

export interface ViewHost {
  readonly api: Api;
  readonly timeline: Timeline;
  roomId(): string;
  isLive(): boolean;
  self(): PublicUser | null;
}
