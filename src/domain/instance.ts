/** An instance of the server, as admins see it. */

/** What an instance says of itself, to admins and with its heartbeats. */
export interface InstanceStatus {
  /** Of its release. */
  version: string;
  /** In milliseconds as of `Date.now()`. */
  startedAt: number;
  /** Open sockets. */
  sockets: number;
  /** Rooms with a socket in them. */
  rooms: number;
  /** Resident memory of its process, which workers share. */
  memoryBytes: number;
}

/** An instance that is alive, as far as another one knows. */
export interface LiveInstance {
  id: string;
  /** Whether it is the one that knows of the others. */
  isThis: boolean;
  /** When it was heard of last. */
  heardAt: Date;
  /** What it said then; null if its release says nothing. */
  status: InstanceStatus | null;
}
