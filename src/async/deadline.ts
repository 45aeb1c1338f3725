/** A limit on how long a promise is waited for. */

/**
 * Settles as `work` does, or as `onTimeout` does if `work` is still pending after so many
 * milliseconds. `work` itself goes on; what becomes of it then is ignored.
 * @param milliseconds if negative, because a deadline has passed, as 0
 * @param onTimeout its result is returned, and what it throws is thrown
 */
export async function within<T, L>(
  work: Promise<T>,
  milliseconds: number,
  onTimeout: () => L,
): Promise<T | L> {
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(timeout.resolve, Math.max(0, milliseconds));
  try {
    return await Promise.race([work, timeout.promise.then(onTimeout)]);
  } finally {
    clearTimeout(timer);
  }
}
