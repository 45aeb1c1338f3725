/** The title of the page: where the user is, and what is unread. */

const NAME = "EchoRoom";

/**
 * Mentions are marked otherwise than what is only unread: `(@2) General – EchoRoom`.
 * @param place the room that is shown; `""` if there is none
 */
export function pageTitle(place: string, unread: number, mentions: number): string {
  const news = mentions > 0
    ? `(@${atMost99(mentions)}) `
    : unread > 0
    ? `(${atMost99(unread)}) `
    : "";
  return news + (place === "" ? NAME : `${place} – ${NAME}`);
}

function atMost99(count: number): string {
  return count > 99 ? "99+" : String(count);
}
