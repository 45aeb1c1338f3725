/** Waits in tests for what a client shows. */
import type { Observable } from "../observable.ts";

const PATIENCE_MS = 5_000;
/** Of the value in the error, in characters. */
const SHOWN_LENGTH = 1_000;

/**
 * Waits until an observable has a value that a test wants.
 * @param isWanted is asked now, and after each change
 * @param timeoutMs after which it fails with the value that is there; 5 s if not given
 * @returns the value
 */
export function waitFor<T>(
  { get, subscribe }: Observable<T>,
  isWanted: (value: T) => boolean,
  timeoutMs: number = PATIENCE_MS,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let end = () => {};
    const timer = setTimeout(() => {
      end();
      const text = JSON.stringify(get()) ?? "undefined";
      const isLong = text.length > SHOWN_LENGTH;
      reject(new Error(`It stays ${isLong ? `…${text.slice(-SHOWN_LENGTH)}` : text}`));
    }, timeoutMs);
    const look = () => {
      const value = get();
      if (!isWanted(value)) return;
      clearTimeout(timer);
      end();
      resolve(value);
    };
    end = subscribe(look);
    look();
  });
}
