/** A limit on how long a promise is waited for. */

/**
 * Settles as `work` does, or as `onTimeout` does if `work` is still pending after so many
 * milliseconds. `work` itself goes on; what becomes of it then is ignored.
 * @param onTimeout its result is returned, and what it throws is thrown
 */
export async function within<T, L>(
  work: Promise<T>,
  milliseconds: number,
  onTimeout: () => L,
): Promise<T | L> {
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(timeout.resolve, milliseconds);
  try {
    return await Promise.race([work, timeout.promise.then(onTimeout)]);
  } finally {
    clearTimeout(timer);
  }
}
