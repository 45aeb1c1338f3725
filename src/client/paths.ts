/** The paths of routes, with their parts encoded. */

/** Joins the parts of a path; each is encoded, so that an id cannot lead to another route. */
export function pathOf(...parts: string[]): string {
  return parts.map(encodeURIComponent).join("/");
}
