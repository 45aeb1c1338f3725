/** The version of this server, as the changelog numbers it. */

export const VERSION = "0.1.0";
