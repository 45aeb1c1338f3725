/** What use cases depend on; each names the few of these that it needs. */
import type { BlobStore } from "../ports/blobs.ts";
import type { Bus } from "../ports/bus.ts";
import type { Store } from "../ports/store/store.ts";
import type { AccountLog } from "./account_log.ts";
import type { Access } from "./access.ts";
import type { Admins } from "./admins.ts";
import type { Images } from "./files/images.ts";
import type { UploadSlots } from "./files/upload_slots.ts";
import type { Identifications } from "./identifications.ts";
import type { KnownDevices } from "./known_devices.ts";
import type { LoopLoad } from "./loop_load.ts";
import type { Members } from "./members.ts";
import type { Mentions } from "./mentions.ts";
import type { Metrics } from "./metrics.ts";
import type { NewestPages } from "./newest_pages.ts";
import type { OwnStatus } from "./own_status.ts";
import type { Passwords } from "./passwords.ts";
import type { PublicUsers } from "./public_users.ts";
import type { RateLimits } from "./rate_limits.ts";
import type { RequestHashes } from "./request_hashes.ts";
import type { RoomLog } from "./room_log.ts";
import type { RoomSlugs } from "./room_slugs.ts";
import type { Tokens } from "./tokens.ts";

/** Whose accounts are admins from their beginning. */
export interface AdminSettings {
  /** Lower-cased. */
  emails: ReadonlySet<string>;
  /** Whether whoever registers such an email, or as the first, is an admin: in development. */
  registered: boolean;
}

/** In bytes. */
export interface FileLimits {
  maxFileSize: number;
  maxFilesPerUser: number;
}

export interface Services {
  store: Store;
  /** The bytes of files. */
  blobs: BlobStore;
  images: Images;
  fileLimits: FileLimits;
  uploadSlots: UploadSlots;
  bus: Bus;
  log: RoomLog;
  accountLog: AccountLog;
  publicUsers: PublicUsers;
  members: Members;
  mentions: Mentions;
  requestHashes: RequestHashes;
  access: Access;
  admins: Admins;
  adminSettings: AdminSettings;
  /** Null where a profile may change without this instance being notified in a call. */
  newestPages: NewestPages | null;
  slugs: RoomSlugs;
  tokens: Tokens;
  identifications: Identifications;
  passwords: Passwords;
  knownDevices: KnownDevices;
  rateLimits: RateLimits;
  metrics: Metrics;
  ownStatus: OwnStatus;
  load: LoopLoad;
  /** Milliseconds after which a message is edited no more; null: at any time. */
  editWindow: number | null;
}
