/** A session: one signed-in browser and its family of refresh tokens. */

/** A refresh token's number within its session, and when the next one took its place. */
export interface Rotation {
  generation: number;
  at: Date;
}

export interface Session {
  id: string;
  userId: string;
  /** The number of the newest refresh token; each rotation adds one. */
  generation: number;
  /** The rotations young enough for the leeway, oldest first. */
  rotations: Rotation[];
  createdAt: Date;
  expiresAt: Date;
  revokedAt: Date | null;
}

/** What a rotation writes. */
export interface SessionRotation {
  generation: number;
  rotations: Rotation[];
  expiresAt: Date;
}

/** How long a rotated token still counts as a parallel tab's, in milliseconds. */
const ROTATION_LEEWAY_MS = 10_000;

/**
 * What a refresh token that carries `generation` is worth at `now`:
 * - `current`: the newest one, to be rotated;
 * - `parallel`: rotated less than the leeway ago, most likely by another tab at the same moment;
 * - `reused`: rotated earlier, so that one of its two holders has stolen it (RFC 9700, 4.14.2).
 */
export function judgeGeneration(
  session: Session,
  generation: number,
  now: Date,
): "current" | "parallel" | "reused" {
  if (generation === session.generation) return "current";
  const recent = recentRotations(session, now).some((r) => r.generation === generation);
  return recent ? "parallel" : "reused";
}

/** What to write when the newest token is rotated at `now`. */
export function nextRotation(session: Session, now: Date, expiresAt: Date): SessionRotation {
  return {
    generation: session.generation + 1,
    rotations: [...recentRotations(session, now), { generation: session.generation, at: now }],
    expiresAt,
  };
}

function recentRotations(session: Session, now: Date): Rotation[] {
  return session.rotations.filter((r) => now.getTime() - r.at.getTime() <= ROTATION_LEEWAY_MS);
}
