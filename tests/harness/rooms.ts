/** A room of Ada's, for tests that need no store. */
import { type NewRoom, OPEN_SETTINGS } from "../../src/domain/room.ts";

export const ADA = { id: "ada", displayName: "Ada", avatarUrl: null };

export const ROOM: NewRoom = {
  ...OPEN_SETTINGS,
  id: "room",
  name: "Tea",
  slug: "tea",
  description: null,
  createdBy: ADA,
  memberCount: 1,
  createdAt: new Date(),
  updatedAt: new Date(),
};
