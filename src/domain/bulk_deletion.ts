/** The deletion of what a user has written in a room lately, which their ban asks for. */

export interface BulkDeletion {
  /** Also the `clientMessageId` of the ban's entry. */
  id: string;
  roomId: string;
  /** Who is banned. */
  userId: string;
  /** Who bans them. */
  actorId: string;
  /** Messages from then on are deleted. */
  since: Date;
  /** Before the first of them is deleted. */
  createdAt: Date;
}
