/** Instances of the server, as they go over the wire to admins. */

/** An instance that is alive. */
export interface Instance {
  /** From its start to its end. */
  id: string;
  /** Whether it has answered. */
  isThis: boolean;
  /** When the one that has answered heard of it last; ISO 8601, UTC. */
  heardAt: string;
  /** What it said then; null if its release says nothing. */
  status: InstanceStatus | null;
}

/** What an instance says of itself. */
export interface InstanceStatus {
  /** Of its release. */
  version: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  /** Open sockets. */
  sockets: number;
  /** Rooms with a socket in them. */
  rooms: number;
  /** Resident memory of its process, which workers share. */
  memoryBytes: number;
}
